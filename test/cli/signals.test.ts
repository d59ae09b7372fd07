import { pino } from "pino";
import { createStop } from "../../src/cli/signals";

function watched(close: () => Promise<void>) {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) });
  const exit = jest.spyOn(process, "exit").mockImplementation(() => undefined as never);
  return { lines, exit, stop: createStop(log, close) };
}

const never = () => new Promise<void>(() => undefined);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test("a server that has closed ends with 0", async () => {
  const { exit, stop } = watched(async () => undefined);
  stop("SIGTERM");
  await jest.advanceTimersByTimeAsync(0);
  expect(exit.mock.calls).toEqual([[0]]);
});

test("a server that cannot close ends with 1", async () => {
  const { lines, exit, stop } = watched(() => Promise.reject(new Error("no")));
  stop("SIGTERM");
  await jest.advanceTimersByTimeAsync(0);
  expect(exit.mock.calls).toEqual([[1]]);
  expect(lines).toEqual(["stopping", "failed to stop"]);
});

test("a server that never closes ends with 1 all the same", async () => {
  const { lines, exit, stop } = watched(never);
  stop("SIGTERM");
  await jest.advanceTimersByTimeAsync(24_000);
  expect(exit).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(2000);
  expect(exit.mock.calls).toEqual([[1]]);
  expect(lines).toEqual(["stopping", "did not stop in time"]);
});

test("a second signal ends it at once", () => {
  const { exit, stop } = watched(never);
  stop("SIGTERM");
  stop("SIGTERM");
  expect(exit.mock.calls).toEqual([[1]]);
});
