import { Throttle } from "../../src/calls/throttle";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A pace, and the numbers that it has let through. */
function watched() {
  const pace = new Throttle();
  const done: number[] = [];
  let next = 0;
  return {
    pace,
    done,
    start: (count: number) => {
      for (let left = count; left > 0; left -= 1) {
        const number = next++;
        pace.run(() => done.push(number));
      }
    },
  };
}

test("a few are done at once", () => {
  const { start, done } = watched();
  start(2);
  expect(done).toEqual([0, 1]);
});

test("many are done in their order, two hundred in a second", () => {
  const { start, done } = watched();
  start(400);
  expect(done).toHaveLength(2);
  jest.advanceTimersByTime(1000);
  expect(done).toHaveLength(202);
  start(1);
  expect(done).toHaveLength(202);
  jest.advanceTimersByTime(1000);
  expect(done).toEqual(Array.from({ length: 401 }, (_, number) => number));
});

test("after a quiet while it begins anew, and keeps no timer meanwhile", () => {
  const { start, done } = watched();
  start(2);
  jest.advanceTimersByTime(20);
  expect(jest.getTimerCount()).toBe(0);
  start(2);
  expect(done).toHaveLength(4);
});

test("at the end everything that waits is done", () => {
  const { pace, start, done } = watched();
  start(100);
  pace.flush();
  expect(done).toHaveLength(100);
});

test("what is forgotten while it waits is not done, and is not kept", () => {
  const { pace, start, done } = watched();
  start(2);
  const gone = () => done.push(-1);
  pace.run(gone);
  expect(pace.cancel(gone)).toBe(true);
  expect(pace.cancel(gone)).toBe(false);
  jest.advanceTimersByTime(1000);
  expect(done).toEqual([0, 1]);
});
