import type { StreamContext } from "../../src/calls/call-context";
import { StreamEnded, Watches } from "../../src/calls/watches";
import type { Caller } from "../../src/domain/authorization";
import { Refusal } from "../../src/domain/errors";

const minute = 60_000;
const anybody: Caller = { name: "anybody", action: "read", environments: "*" };

/** A call that notes the reason with which it is aborted. */
function newCall(caller = anybody, hasRoom = true) {
  const reasons: unknown[] = [];
  const call = { caller, countOnConnection: () => hasRoom, abort: (reason: unknown) => reasons.push(reason) };
  return { reasons, call: call as unknown as StreamContext };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test.each([
  [0, 5],
  [0.5, 7],
  [1, 9],
])("a watch ends by itself after a random time: %d leads to %d minutes", (random, minutes) => {
  const { call, reasons } = newCall();
  new Watches(1, () => random).admit(call);
  jest.advanceTimersByTime(minutes * minute - 1);
  expect(reasons).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(reasons).toEqual([expect.any(StreamEnded)]);
});

test("a watch ends when its credentials do", () => {
  const { call, reasons } = newCall({ ...anybody, expireTime: Date.now() + minute });
  new Watches(1).admit(call);
  jest.advanceTimersByTime(minute - 1);
  expect(reasons).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(reasons).toMatchObject([{ reason: "CREDENTIALS_INVALID" }]);
});

test("a watch that was released ends nothing", () => {
  const { call, reasons } = newCall({ ...anybody, expireTime: Date.now() + minute });
  const watches = new Watches(1);
  const release = watches.admit(call);
  expect(watches.load()).toEqual({ open: 1, limit: 1 });
  release();
  expect(watches.load()).toEqual({ open: 0, limit: 1 });
  jest.advanceTimersByTime(10 * minute);
  watches.close();
  expect(reasons).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});

test("a process and a connection have as many watches as they may", () => {
  const watches = new Watches(1);
  const reasonOf = (call: StreamContext) => {
    try {
      watches.admit(call);
    } catch (error) {
      return error instanceof Refusal && [error.reason, error.metadata["limit"]];
    }
    return "admitted";
  };
  expect(reasonOf(newCall(anybody, false).call)).toEqual(["WATCH_LIMIT_REACHED", "connection"]);
  expect(reasonOf(newCall().call)).toBe("admitted");
  expect(reasonOf(newCall().call)).toEqual(["WATCH_LIMIT_REACHED", "server"]);
});

test("all watches end when the server stops, and none begins after that", () => {
  const watches = new Watches(3);
  const calls = [newCall(), newCall()];
  for (const { call } of calls) watches.admit(call);
  watches.close();
  for (const { reasons } of calls) expect(reasons).toEqual([new StreamEnded("The server is stopping")]);
  expect(() => watches.admit(newCall().call)).toThrow(new StreamEnded("The server is stopping"));
  expect(watches.load().open).toBe(2);
});
