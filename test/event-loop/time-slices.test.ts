import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Portions, inPortions } from "../../src/event-loop/portions";
import { mapInSlices, noteWork, turn } from "../../src/event-loop/time-slices";

function keepBusy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Counts the turns of the event loop while something is done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let counting = true;
  const count = () => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await work();
  counting = false;
  return turns;
}

test("long work gives the event loop its turn again and again, and keeps its order", async () => {
  const items = Array.from({ length: 30 }, (_, index) => index);
  let results: number[] = [];
  const turns = await turnsDuring(async () => {
    results = await mapInSlices(items, (item, index) => {
      keepBusy(5);
      return item * index;
    });
  });
  expect(results).toEqual(items.map((item) => item * item));
  expect(turns).toBeGreaterThanOrEqual(10);
});

test("many pieces that are short together give the event loop its turn, whoever does them", async () => {
  const turns = await turnsDuring(async () => {
    for (let piece = 0; piece < 10; piece += 1) {
      await mapInSlices([1], () => keepBusy(3));
      keepBusy(3);
      const ended = noteWork(3);
      if (ended) await ended;
    }
  });
  expect(turns).toBeGreaterThanOrEqual(5);
});

test("short work takes no turn", async () => {
  await turn();
  expect(await turnsDuring(() => mapInSlices([1, 2, 3], (item) => item))).toBe(0);
});

test("of all work that waits one slice is done in a turn, in order of arrival", async () => {
  const order: string[] = [];
  const wait = async (name: string) => {
    await turn();
    order.push(name);
    keepBusy(5);
    setImmediate(() => order.push("loop"));
  };
  await Promise.all([wait("a"), wait("b"), wait("c")]);
  expect(order.filter((name) => name !== "loop")).toEqual(["a", "b", "c"]);
  expect(order.indexOf("loop")).toBeLessThan(order.indexOf("c"));
});

test("pieces that are short share a slice", async () => {
  let done = 0;
  const turns = await turnsDuring(() =>
    Promise.all(
      Array.from({ length: 40 }, async () => {
        await turn();
        done += 1;
      }),
    ),
  );
  expect(done).toBe(40);
  expect(turns).toBeLessThan(20);
});

test("short work does not wait for long work", async () => {
  const ended: string[] = [];
  const work = async (name: string, pieces: number) => {
    await mapInSlices(Array.from({ length: pieces }), () => keepBusy(5));
    ended.push(name);
  };
  const long = Array.from({ length: 8 }, (_, index) => work(`long ${index}`, 40));
  await sleep(100);
  await Promise.all([...long, work("short", 3)]);
  expect(ended).toHaveLength(9);
  expect(ended.indexOf("short")).toBeLessThan(4);
});

test("the first of much long work ends long before the last one", async () => {
  const ends: number[] = [];
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      await mapInSlices(Array.from({ length: 30 }), () => keepBusy(5));
      ends.push(performance.now() - begin);
    }),
  );
  expect(ends[0]).toBeLessThan((ends.at(-1) ?? 0) * 0.6);
});

test("portions follow the rows that items have", async () => {
  const sizes: number[] = [];
  await inPortions(Array<number>(1005).fill(0), async (portion) => {
    sizes.push(portion.length);
    return portion.length;
  });
  expect(sizes).toEqual([5, 1000]);
  const portions = new Portions();
  portions.addRows(5, 2500);
  expect(portions.size).toBe(5);
  portions.addRows(5, 5000);
  expect(portions.size).toBe(2);
  portions.addRows(2, 1_000_000);
  expect(portions.size).toBe(1);
  portions.addRows(1, 0);
  expect(portions.size).toBe(1000);
});
