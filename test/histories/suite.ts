import * as fc from "fast-check";
import type { Database } from "../../src/persistence/connection/database";
import type { Engine } from "../../src/persistence/engines/dialect";
import { type TestDatabase, engines } from "../support/engines";
import { History, openDatabase, steps } from "./history";

const histories = Number(process.env["ORGROLES_TEST_HISTORIES"] ?? 20);

/** Random histories on one engine. ORGROLES_TEST_HISTORIES says how many. */
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
