import { setImmediate as turn } from "node:timers/promises";
import { RequestBatcher } from "../../src/application/reads/request-batcher";

interface Round {
  readonly questions: readonly number[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** Rounds whose answers the test gives: each answers with all questions of its round. */
function rounds(limits: { weight: number; roundTrips: number }) {
  const asked: Round[] = [];
  const ask = (questions: readonly number[]) =>
    new Promise<readonly number[]>((resolve, reject) => {
      asked.push({ questions, answer: () => resolve(questions), fail: reject });
    });
  return { asked, rounds: new RequestBatcher<number, readonly number[]>(ask, limits) };
}

const questionsOf = (asked: readonly Round[]) => asked.map(({ questions }) => questions);

test("questions of one turn share a round trip", async () => {
  const { asked, rounds: on } = rounds({ weight: 10, roundTrips: 2 });
  const answers = [1, 2, 3].map((question) => on.request(question));
  await turn();
  expect(questionsOf(asked)).toEqual([[1, 2, 3]]);
  asked[0]?.answer();
  expect(await Promise.all(answers)).toEqual([1, 2, 3].map(() => [1, 2, 3]));
});

test("what comes while all round trips are under way goes together in the next, and is never answered by one before", async () => {
  const { asked, rounds: on } = rounds({ weight: 10, roundTrips: 2 });
  for (const question of [1, 2, 3, 4]) {
    void on.request(question);
    await turn();
  }
  expect(questionsOf(asked)).toEqual([[1], [2]]);
  const late = on.request(5);
  asked[1]?.answer();
  await turn();
  expect(questionsOf(asked)).toEqual([[1], [2], [3, 4, 5]]);
  asked[2]?.answer();
  expect(await late).toEqual([3, 4, 5]);
});

test("a round trip has no more questions than it may, and the others go on", async () => {
  const { asked, rounds: on } = rounds({ weight: 2, roundTrips: 1 });
  const answers = [1, 2, 3].map((question) => on.request(question));
  await turn();
  asked[0]?.answer();
  await turn();
  asked[1]?.answer();
  expect(await Promise.all(answers)).toEqual([[1, 2], [1, 2], [3]]);
});

test("after a turn with one question the first of the next does not wait for its end, the others do", async () => {
  const { asked, rounds: on } = rounds({ weight: 10, roundTrips: 2 });
  const answerAll = async () => {
    for (const { answer } of asked.splice(0)) answer();
    await turn();
  };
  void on.request(1);
  expect(asked).toHaveLength(0);
  await turn();
  await answerAll();

  void on.request(2);
  expect(questionsOf(asked)).toEqual([[2]]);
  void on.request(3);
  void on.request(4);
  expect(questionsOf(asked)).toEqual([[2]]);
  await turn();
  expect(questionsOf(asked)).toEqual([[2], [3, 4]]);
  await answerAll();

  void on.request(5);
  expect(asked).toHaveLength(0);
  await turn();
  await answerAll();
});

test("many questions of a turn share even where the answer to the first comes before the second", async () => {
  const asked: (readonly number[])[] = [];
  const on = new RequestBatcher<number, string>(
    async (questions) => {
      asked.push(questions);
      return "at once";
    },
    { weight: 10, roundTrips: 2 },
  );
  await on.request(0);
  await turn();
  for (const question of [1, 2, 3, 4]) {
    void on.request(question);
    await Promise.resolve().then(() => undefined);
  }
  await turn();
  expect(asked).toEqual([[0], [1], [2, 3, 4]]);
});

test("a failure reaches those who asked in its round, and nobody else", async () => {
  const { asked, rounds: on } = rounds({ weight: 1, roundTrips: 1 });
  const answers = [1, 2].map((question) => on.request(question));
  await turn();
  asked[0]?.fail(new Error("lost"));
  await expect(answers[0]).rejects.toThrow("lost");
  asked[1]?.answer();
  expect(await answers[1]).toEqual([2]);
});

test("questions that weigh much share a round trip with few others", async () => {
  const sizes: number[] = [];
  const weighing = new RequestBatcher<number, number>(
    async (questions) => {
      sizes.push(questions.length);
      return 0;
    },
    { weight: 10, roundTrips: 1 },
    (weight) => weight,
  );
  await Promise.all([6, 5, 5, 30, 1, 1, 1].map((weight) => weighing.request(weight)));
  expect(sizes).toEqual([1, 2, 1, 3]);
});
