import { setImmediate as turn } from "node:timers/promises";
import { FairTurns } from "../../src/event-loop/fair-turns";

const greedy = { name: "greedy" };
const modest = { name: "modest" };

test("work is done at once while there is little", async () => {
  const turns = new FairTurns();
  let done = 0;
  for (let round = 0; round < 5; round += 1) {
    turns.do(modest, () => (done += 1));
    turns.do(greedy, () => (done += 1));
    expect(done).toBe(2 * round + 2);
    await turn();
  }
});

test("a source that brings much delays itself, and the others by no more than one piece each", async () => {
  const turns = new FairTurns();
  const order: string[] = [];
  for (let piece = 0; piece < 1000; piece += 1) turns.do(greedy, () => order.push(greedy.name));
  const before = order.length;
  expect(before).toBeLessThan(100);
  turns.do(modest, () => order.push(modest.name));
  await turn();
  await turn();
  expect(order.indexOf(modest.name)).toBeGreaterThanOrEqual(before);
  expect(order.indexOf(modest.name)).toBeLessThanOrEqual(before + 2);
  expect(order.length).toBeLessThan(500);
  while (order.length < 1001) await turn();
  expect(order.filter((name) => name === greedy.name)).toHaveLength(1000);
});

test("each source's work is done in its order", async () => {
  const turns = new FairTurns();
  const seen: number[] = [];
  for (let piece = 0; piece < 300; piece += 1) turns.do(greedy, () => seen.push(piece));
  while (seen.length < 300) await turn();
  expect(seen).toEqual(Array.from({ length: 300 }, (_, piece) => piece));
});

test("work that is forgotten while it waits is not done", async () => {
  const turns = new FairTurns();
  const seen: number[] = [];
  const pieces = Array.from({ length: 300 }, (_, piece) => () => seen.push(piece));
  const waiting = pieces.filter((piece) => turns.do(greedy, piece));
  expect(waiting.length).toBeGreaterThan(200);
  for (const piece of waiting) turns.forget(greedy, piece);
  turns.do(modest, () => seen.push(-1));
  await turn();
  await turn();
  expect(seen).toHaveLength(300 - waiting.length + 1);
});
