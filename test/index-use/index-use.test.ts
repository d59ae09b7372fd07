import { pino } from "pino";
import type { Stores } from "../../src/application/ports/unit-of-work";
import { EventNumbering } from "../../src/application/events/event-numbering";
import { EventRetention } from "../../src/application/maintenance/event-retention";
import { GarbageCollectorJob } from "../../src/jobs/garbage-collector-job";
import { leasesOn } from "../../src/persistence/lease";
import { SqlGarbageStore } from "../../src/persistence/stores/garbage-store";
import { servers } from "../support/engines";
import { type Statement, recordStatements } from "../support/recorded";
import { type TestStorage, openStorage } from "../support/storage";
import { Crowded } from "./crowded";
import { statements } from "./statements";

/** A page and the one behind it: an index that is read in order up to there is not read from end to end. */
const page = 1001;
/** So small a table takes one read, whatever is read of it. */
const few = 100;
const day = 24 * 60 * 60 * 1000;

interface Step {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: number | string | null;
  readonly Extra: string | null;
}

/** What of a plan is not to be: a table read from end to end, or more than a page sorted. */
function faultsOf(plan: readonly Step[]): string[] {
  return plan.flatMap(({ table, type, key, rows, Extra }) => {
    const isStored = table !== null && !table.startsWith("<");
    const scans = isStored && ((type === "ALL" && Number(rows) > few) || (type === "index" && Number(rows) > page));
    const sorts = /filesort/.test(Extra ?? "") && Number(rows) > page;
    const step = `${table} by ${type} ${key ?? "without a key"}, ${rows} rows, ${Extra}`;
    return scans || sorts ? [step] : [];
  });
}

const rolledBack = new Error("rolled back");

describe.each(servers)("on $name", (engine) => {
  const at = new Crowded();
  let storage: TestStorage;
  let recorded: () => Statement[];

  beforeAll(async () => {
    storage = await openStorage(engine);
    await at.fill(storage);
    recorded = await recordStatements(storage);
  }, 120_000);

  afterAll(() => storage?.drop());
  beforeEach(() => void recorded());

  async function expectIndexes(sent: readonly Statement[]): Promise<void> {
    const explained = sent.filter(({ sql }) => /^(?:SELECT|UPDATE|DELETE)/.test(sql));
    const faults: string[] = [];
    for (const { sql, parameters } of explained)
      for (const fault of faultsOf(await storage.query<Step>(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, parameters)))
        faults.push(`${fault}\n${sql.slice(0, 400)}`);
    expect(faults).toEqual([]);
  }

  const calls = Object.entries(statements).flatMap(([store, methods]) =>
    Object.entries(methods).map(([method, call]) => [store, method, call] as const),
  );

  test.each(calls)("%s.%s uses an index", async (store, _, call) => {
    const work = async (stores: Stores) => {
      for (const one of (call as (store: unknown, at: Crowded) => Promise<unknown>[])(
        stores[store as keyof Stores],
        at,
      ))
        await one;
      throw rolledBack;
    };
    await expect(storage.units.write(work)).rejects.toBe(rolledBack);
    const sent = recorded();
    expect(sent.some(({ sql }) => /^(?:SELECT|INSERT|UPDATE|DELETE)/.test(sql))).toBe(true);
    await expectIndexes(sent);
    // MariaDB takes ten times as long to choose an index for many pairs as to read by the primary key
    const ofPairs = sent.filter(({ sql }) => sql.includes("(organization_uid, user_id) IN"));
    expect(
      ofPairs.filter(({ sql }) => !sql.includes("role_assignments") || !sql.includes("FORCE INDEX (PRIMARY)")),
    ).toEqual([]);
  });

  test("what is left behind is found by an index", async () => {
    const { database } = storage;
    const log = pino({ level: "silent" });
    const retention = new EventRetention(storage.units, new EventNumbering(storage.units), () => 200 * day, 90);
    const job = new GarbageCollectorJob(new SqlGarbageStore(database), retention, leasesOn(database), Date.now, log);
    await job.pass();
    await job.close();
    const sent = recorded();
    for (const table of ["role_assignments", "events"])
      expect(sent.some(({ sql }) => sql.startsWith(`DELETE FROM ${table}`))).toBe(true);
    await expectIndexes(sent);
  });
});

test.each<[string, Partial<Step>, boolean]>([
  ["a table read from end to end", { type: "ALL", rows: 5000 }, true],
  ["an index read from end to end", { type: "index", key: "PRIMARY", rows: 5000 }, true],
  ["a small table read from end to end", { type: "ALL", rows: 3 }, false],
  ["what a statement has made itself", { table: "<derived2>", type: "ALL", rows: 5000 }, false],
  ["many rows sorted", { type: "ref", key: "PRIMARY", rows: 5000, Extra: "Using where; Using filesort" }, true],
  ["a page sorted", { type: "ref", key: "PRIMARY", rows: 900, Extra: "Using where; Using filesort" }, false],
  ["rows of an index", { type: "range", key: "PRIMARY", rows: 5000, Extra: "Using where" }, false],
])("%s is told apart", (_, step, isFault) => {
  expect(faultsOf([{ table: "roles", type: null, key: null, rows: null, Extra: null, ...step }])).toHaveLength(
    isFault ? 1 : 0,
  );
});
