import { randomUUID } from "node:crypto";
import type { IdempotencyRecord } from "../../src/application/ports/idempotency-store";
import type { RequestId } from "../../src/domain/values";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { environmentId } from "../support/storage";
import { useWorld } from "../support/world";

const anAnswer = (changes: Partial<IdempotencyRecord> = {}): IdempotencyRecord => ({
  requestId: randomUUID() as RequestId,
  fingerprint: "f".repeat(64),
  answer: JSON.stringify({ name: "Näme 👍" }),
  createTime: 5000,
  ...changes,
});

describe.each(engines)("the answer store on $name", (engine) => {
  const world = useWorld(engine);
  const find = ({ requestId }: IdempotencyRecord, since = 0, id = world.environment.id) =>
    world.units.lookup((stores) => stores.idempotency.find(id, requestId, since));
  const save = (answer: IdempotencyRecord, since = 0) =>
    world.units.write((stores) => stores.idempotency.save(world.environment.id, answer, since));

  test("an answer is found as it was saved, under its environment and its request id alone", async () => {
    const answer = anAnswer();
    await save(answer);
    expect(await find(answer)).toMatchObject(answer);
    expect(await find(anAnswer())).toBeUndefined();
    expect(await find(answer, 0, world.other.id)).toBeUndefined();
    expect(await find(answer, 0, environmentId(world.environment.id.toLowerCase()))).toBeUndefined();
  });

  test("an answer of a megabyte is kept whole", async () => {
    const answer = anAnswer({ answer: JSON.stringify("界".repeat(2 ** 20 / 3)) });
    await save(answer);
    expect((await find(answer))?.answer).toBe(answer.answer);
  });

  test.each([
    [4999, true],
    [5000, true],
    [5001, false],
  ])("an answer of time 5000 is there when answers since %d count: %s", async (since, there) => {
    const answer = anAnswer();
    await save(answer);
    expect(await find(answer, since)).toEqual(there ? expect.objectContaining(answer) : undefined);
  });

  test("an answer takes the place of one that is too old", async () => {
    const old = anAnswer();
    await save(old);
    const fresh = anAnswer({ requestId: old.requestId, fingerprint: "e".repeat(64), answer: "1", createTime: 9000 });
    await save(fresh, 5001);
    expect(await find(fresh)).toMatchObject(fresh);
  });

  test("an answer never takes the place of one that counts", async () => {
    const first = anAnswer();
    await save(first);
    const second = anAnswer({ requestId: first.requestId, answer: "1", createTime: 9000 });
    await expect(save(second, 5000)).rejects.toMatchObject({ reason: "CONFLICT_RETRY" });
    expect(await find(first)).toMatchObject(first);
  });

  test.each([
    ["new", 0],
    ["there, but too old", 5001],
  ])("of many answers to one request id at once, %s, one is saved and the others run again", async (_, since) => {
    const { requestId } = anAnswer();
    if (since) await save(anAnswer({ requestId, answer: "old" }));
    const answerOnce = (index: number) =>
      world.units.write(async (stores) => {
        const earlier = await stores.idempotency.find(world.environment.id, requestId, since);
        if (earlier) return earlier.answer;
        const answer = anAnswer({ requestId, answer: String(index), createTime: 9000 });
        await stores.idempotency.save(world.environment.id, answer, since);
        return answer.answer;
      });
    const answers = await Promise.all(many(6, answerOnce));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toBe((await find(anAnswer({ requestId })))?.answer);
  });

  test("an answer goes with the transaction that saved it", async () => {
    const answer = anAnswer();
    const failed = world.units.write(async (stores) => {
      await stores.idempotency.save(world.environment.id, answer, 0);
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    expect(await find(answer)).toBeUndefined();
  });
});
