import * as fc from "fast-check";
import { EventEmitter, once } from "node:events";
import { pino } from "pino";
import type { Database } from "../../src/persistence/connection/database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { createDatabase } from "../../src/persistence/connection/open-database";
import type { Engine } from "../../src/persistence/engines/dialect";
import { type TestDatabase, engines } from "../support/engines";
import { History } from "./history";
import { steps } from "./steps";

const histories = Number(process.env["ORGROLES_TEST_HISTORIES"] ?? 20);

async function openDatabase(url: string): Promise<Database> {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  const available = new EventEmitter();
  const database = createDatabase(parsed.value, {
    poolSize: 4,
    timeout: 10_000,
    migrate: true,
    log: pino({ level: "silent" }),
    onAvailable: async () => void available.emit("available"),
    onLost: () => undefined,
  });
  const opened = once(available, "available");
  await database.start();
  await opened;
  return database;
}

/** Runs random histories on one engine. ORGROLES_TEST_HISTORIES says how many. */
export function historiesOn(name: Engine): void {
  const engine = engines.find((other) => other.name === name);
  let used: TestDatabase | undefined;
  let database: Database;

  beforeAll(async () => {
    used = await engine?.create();
    database = await openDatabase(used?.url ?? "");
  });

  afterAll(async () => {
    await database?.close();
    await used?.drop();
  });

  test(
    `${histories} histories of 100 steps on ${name} are those of a model that rewrites everything at once`,
    async () => {
      const property = fc.asyncProperty(steps(100), (all) => new History(database).run(all));
      const result = await fc.check(property, { numRuns: histories, endOnFailure: true });
      expect(await fc.asyncDefaultReportMessage(result)).toBeUndefined();
    },
    60_000 + histories * 20_000,
  );
}
