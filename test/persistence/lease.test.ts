import { performance } from "node:perf_hooks";
import { leasesOn } from "../../src/persistence/lease";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { type TestStorage, newUid, openStorage } from "../support/storage";

describe.each(engines)("a lease on $name", (engine) => {
  let storage: TestStorage;
  let name: string;
  let now: number;
  beforeAll(async () => {
    storage = await openStorage(engine);
  });
  afterAll(() => storage?.drop());
  beforeEach(async () => {
    name = newUid();
    now = 1_000_000;
    jest.spyOn(performance, "now").mockImplementation(() => now);
    await process().take(); // makes the row
  });
  afterEach(() => jest.restoreAllMocks());

  /** Each is a holder of its own, as in another process. */
  const process = () => leasesOn(storage.database)(name);

  test("a lease that nobody has goes to one of many who want it", async () => {
    const taken = await Promise.all(many(8, () => process().take()));
    expect(taken.filter(Boolean)).toEqual([true]);
  });

  test("whoever has it keeps it as long as it beats, however long that is", async () => {
    const [holder, waiting] = [process(), process()];
    expect(await holder.take()).toBe(true);
    for (let seconds = 0; seconds < 60; seconds += 10) {
      expect(await waiting.take()).toBe(false);
      expect(await holder.beat()).toBe(true);
      now += 10_000;
    }
    expect(await waiting.take()).toBe(false);
  });

  test("a released lease can be taken at once", async () => {
    const [holder, waiting] = [process(), process()];
    expect(await holder.take()).toBe(true);
    expect(await waiting.take()).toBe(false);
    await holder.release();
    expect(await waiting.take()).toBe(true);
    expect(await holder.beat()).toBe(false);
  });

  test("a holder whose beat stands still for 15 seconds is dead, and one of those who wait takes over", async () => {
    const holder = process();
    const waiting = many(4, process);
    expect(await holder.take()).toBe(true);
    expect(await Promise.all(waiting.map((each) => each.take()))).toEqual(many(4, () => false));
    now += 15_000;
    expect(await Promise.all(waiting.map((each) => each.take()))).toEqual(many(4, () => false));
    now += 1;
    const taken = await Promise.all(waiting.map((each) => each.take()));
    expect(taken.filter(Boolean)).toEqual([true]);
  });

  test("who was taken over learns it from the next beat, and its release takes nothing from anybody", async () => {
    const [holder, waiting, third] = [process(), process(), process()];
    expect(await holder.take()).toBe(true);
    expect(await waiting.take()).toBe(false);
    now += 15_001;
    expect(await waiting.take()).toBe(true);
    expect(await holder.beat()).toBe(false);
    await holder.release();
    expect(await third.take()).toBe(false);
    expect(await waiting.beat()).toBe(true);
  });

  test("a process that has just come does not count the time before it came", async () => {
    expect(await process().take()).toBe(true);
    now += 60_000;
    const late = process();
    expect(await late.take()).toBe(false);
    now += 15_001;
    expect(await late.take()).toBe(true);
  });
});
