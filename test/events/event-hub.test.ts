import { ulid } from "ulid";
import { EventHub } from "../../src/application/events/event-hub";
import type { EventLog, OpenSequence, SequencedEvent } from "../../src/application/events/event-log";
import type { Stores, UnitOfWork } from "../../src/application/ports/unit-of-work";
import type { EnvironmentUid } from "../../src/domain/ids";
import { limits } from "../../src/domain/limits";
import { environmentId } from "../support/storage";
import { until } from "../support/until";

const size = limits.recentEventBytes / 4;

/** A hub over sequences in memory, which fails as often as it is told to. */
function newHub() {
  const lengths = new Map<EnvironmentUid, number>();
  let failures = 0;
  const mayFail = <T>(result: T): T => {
    if (failures > 0) {
      failures -= 1;
      throw new Error("the connection was killed");
    }
    return result;
  };
  const stores = {
    sequences: { listNews: async (uids: EnvironmentUid[]) => uids.map((uid) => ({ uid, position: lengths.get(uid) })) },
  } as unknown as Stores;
  const units = { lookup: async (work: (on: Stores) => unknown) => mayFail(await work(stores)) };
  const log = {
    numbering: { number: async () => undefined },
    readNewest: async ({ uid }: OpenSequence, after: number, limit: number) => {
      const count = Math.min(limit, (lengths.get(uid) ?? 0) - after);
      const event = (_: unknown, index: number) => ({ position: after + index + 1, size, view: { change: {} } });
      return Array.from({ length: count }, event) as unknown as SequencedEvent[];
    },
  };
  const hub = new EventHub(units as unknown as UnitOfWork, log as unknown as EventLog);
  return {
    fail: (times: number) => void (failures = times),
    isTried: () => failures === 0,
    /** Follows a new environment. */
    follow() {
      const uid = ulid() as EnvironmentUid;
      lengths.set(uid, 0);
      const sequence = { environmentId: environmentId("alpha"), uid, start: 0, lastPosition: 0, end: undefined };
      const tail = hub.follow(sequence);
      const add = async (count: number) => {
        const length = (lengths.get(uid) ?? 0) + count;
        lengths.set(uid, length);
        await until("the events are known", async () => tail.position === length || undefined);
      };
      return { tail, add };
    },
  };
}

test("a look that fails twice delays events, and loses none", async () => {
  const hub = newHub();
  const { tail, add } = hub.follow();
  await add(1);
  hub.fail(2);
  await add(2);
  expect(hub.isTried()).toBe(true);
  expect(tail.after(1)).toHaveLength(2);
  tail.close();
});

test("looks that go on failing end every watch at once, also one that begins to wait afterwards", async () => {
  const hub = newHub();
  const [one, other] = [hub.follow().tail, hub.follow().tail];
  const { signal } = new AbortController();
  const waiting = one.wait(60_000, signal);
  hub.fail(1000);
  await waiting;
  await other.wait(60_000, signal);
  for (const tail of [one, other]) {
    expect(() => tail.after(0)).toThrow("killed");
    tail.close();
  }
  hub.fail(0);
  const next = hub.follow();
  await next.add(1);
  expect(next.tail.after(0)).toHaveLength(1);
  next.tail.close();
});

test("all environments together keep a bounded number of bytes", async () => {
  const hub = newHub();
  const count = (2 * limits.recentEventBytesInAll) / limits.recentEventBytes;
  const first = hub.follow();
  await first.add(10);
  expect(first.tail.after(10 - 4)).toHaveLength(4);
  expect(first.tail.after(10 - 5)).toBeUndefined();
  const others = Array.from({ length: count - 1 }, () => hub.follow());
  await Promise.all(others.map(({ add }) => add(10)));
  for (const { tail } of [first, ...others]) {
    expect(tail.after(10 - 2)).toHaveLength(2);
    expect(tail.after(10 - 3)).toBeUndefined();
    tail.close();
  }
});
