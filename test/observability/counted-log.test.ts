import { CountedLog } from "../../src/observability/counted-log";

/** A log, and the lines it has written. */
function watched() {
  const lines: [string, number][] = [];
  return { log: new CountedLog<"queue" | "bytes">((kind, count) => lines.push([kind, count])), lines };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("what happens in a second is one line for each kind, and a quiet second is none", () => {
  const { log, lines } = watched();
  for (let call = 0; call < 1000; call += 1) log.add("queue");
  log.add("bytes");
  expect(lines).toEqual([]);
  jest.advanceTimersByTime(1000);
  expect(lines).toEqual([
    ["queue", 1000],
    ["bytes", 1],
  ]);
  jest.advanceTimersByTime(5000);
  log.add("queue");
  jest.advanceTimersByTime(1000);
  expect(lines.slice(2)).toEqual([["queue", 1]]);
});

test("what was counted last is written at the end, once", () => {
  const { log, lines } = watched();
  log.flush();
  log.add("queue");
  log.flush();
  jest.advanceTimersByTime(5000);
  expect(lines).toEqual([["queue", 1]]);
});
