import { pino } from "pino";
import { OverloadLog } from "../../src/operations/overload-log";

/** An overload log, and the lines it has written. */
function watched() {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { base: null },
    { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { overload: new OverloadLog(log), lines };
}

const line = (refused: number) =>
  expect.objectContaining({ level: 40, code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED", refused, msg: "calls" });

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("a second's refused calls are one line, and a quiet second is none", () => {
  const { overload, lines } = watched();
  for (let call = 0; call < 1000; call += 1) overload.add();
  expect(lines).toEqual([]);
  jest.advanceTimersByTime(1000);
  expect(lines).toEqual([line(1000)]);
  jest.advanceTimersByTime(5000);
  overload.add();
  jest.advanceTimersByTime(1000);
  expect(lines).toEqual([line(1000), line(1)]);
});

test("the last refused calls are told at the end, once", () => {
  const { overload, lines } = watched();
  overload.flush();
  overload.add();
  overload.flush();
  jest.advanceTimersByTime(5000);
  expect(lines).toEqual([line(1)]);
});
