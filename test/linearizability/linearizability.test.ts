import { setTimeout as sleep } from "node:timers/promises";
import { type TestEngine, engines } from "../support/engines";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { serving } from "../support/service";
import { until } from "../support/until";
import { type Histories, prepare, registers, work } from "./clients";
import { type Operation, isLinearizable } from "./register";

const clientsOfEach = 3;
const rounds = 3;
const roundMilliseconds = 1500;

/** Alike in both environments, so that whatever mixes them up shows. */
const scopes = ["alpha", "beta"].map((environmentId) => ({ environmentId, organizationId: "acme" }));

async function historiesOn(engine: TestEngine): Promise<{ histories: Histories[]; counts: number[] }> {
  const database = await engine.create();
  const processes: ServiceProcess[] = [];
  const start = async () => {
    const service = await startProcess({ ORGROLES_DATABASE_URL: database.url, ORGROLES_ENVIRONMENTS: "alpha,beta" });
    processes.push(service);
    await serving(service);
    return service;
  };
  try {
    const steady = await start();
    let mortal = await start();
    for (const scope of scopes) await prepare(steady, scope);
    const histories = scopes.map((): Histories => new Map(Object.keys(registers).map((name) => [name, []])));
    let stopping = false;
    const counts = scopes.flatMap(() => many(clientsOfEach, () => 0));
    const working = scopes.flatMap((scope, index) =>
      many(clientsOfEach, (number) => {
        const address = () => (number % 2 ? mortal : steady).address;
        const own = index * clientsOfEach + number;
        const onSuccess = () => (counts[own] = (counts[own] ?? 0) + 1);
        return work(address, scope, histories[index] as Histories, {
          stopped: () => stopping,
          random: Math.random,
          onSuccess,
        });
      }),
    );
    for (let round = 0; round < rounds; round += 1) {
      await sleep(roundMilliseconds);
      await mortal.end("SIGKILL");
      mortal = await start();
    }
    await sleep(roundMilliseconds);
    // a busy machine takes longer
    const all = histories.flatMap((ofScope) => [...ofScope.values()]);
    const isEnough = () => all.every(({ length }) => length > 50) && Math.min(...counts) > 20;
    await until("the histories are long enough", async () => isEnough() || undefined, 90);
    stopping = true;
    await Promise.all(working);
    return { histories, counts };
  } finally {
    await Promise.all(processes.map((service) => service.end("SIGKILL")));
    await database.drop();
  }
}

describe.each(engines)(
  "what clients of two processes see on $name, one of which is killed again and again,",
  (engine) => {
    let histories: Histories[];
    let counts: number[];
    beforeAll(async () => ({ histories, counts } = await historiesOn(engine)), 180_000);

    test("is enough to tell", () => {
      expect(Math.min(...counts)).toBeGreaterThan(20);
      for (const history of histories.flatMap((all) => [...all.values()])) expect(history.length).toBeGreaterThan(50);
    });

    test.each(Object.entries(registers))("can be put in one order: %s", (name, { initial }) => {
      for (const all of histories) {
        const history = all.get(name) as Operation[];
        expect(isLinearizable(initial, history)).toBe(true);
        const staleRead = staleIn(initial, history);
        if (staleRead) expect(isLinearizable(initial, staleRead)).toBe(false);
      }
    });
  },
);

/** Returns the history with the initial value as the response of the last read, if that value was surely overwritten before. */
function staleIn(initial: string, history: readonly Operation[]): Operation[] | undefined {
  const reads = history.filter(({ kind, value }) => kind === "read" && value !== initial);
  const last = reads.toSorted((a, b) => a.begin - b.begin).at(-1);
  const writes = history.filter(({ kind }) => kind === "write");
  const restored = Math.max(...writes.filter(({ value }) => value === initial).map(({ end }) => end));
  const overwritten = writes.some(
    ({ value, begin, end }) => value !== initial && begin > restored && last && end < last.begin,
  );
  return last && overwritten ? history.map((one) => (one === last ? { ...one, value: initial } : one)) : undefined;
}
