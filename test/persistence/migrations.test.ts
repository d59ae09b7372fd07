import type { DataSource, QueryRunner } from "typeorm";
import { migrations } from "../../src/persistence/migrations";
import { migrate, pendingMigrations, revert } from "../../src/persistence/migrations/migrate";
import { runCommand } from "../support/command";
import { type TestDatabase, engines } from "../support/engines";
import { many } from "../support/many";
import { expectedTables, openUnmigrated, proposals, tablesOf } from "../support/schema";

const housekeeping = ["leases", "migrations"];

/** Returns a runner that fails before the statement with the given number, from 1. */
function failingAt(runner: QueryRunner, number: number): QueryRunner {
  let count = 0;
  const query = (...parameters: Parameters<QueryRunner["query"]>) => {
    count += 1;
    if (count === number) throw new Error("the process died here");
    return runner.query(...parameters);
  };
  return { dataSource: runner.dataSource, query } as unknown as QueryRunner;
}

/**
 * Begins a migration again and again, each time getting one statement further; on SQLite in a transaction, as it is run
 * there. Returns how often it took.
 */
async function stumble(
  dataSource: DataSource,
  Migration: (typeof migrations)[number],
  direction: "up" | "down",
): Promise<number> {
  const isSqlite = dataSource.options.type === "better-sqlite3";
  const runner = dataSource.createQueryRunner();
  try {
    for (let number = 1; ; number += 1) {
      if (isSqlite) await runner.startTransaction();
      try {
        await new Migration()[direction](failingAt(runner, number));
        if (isSqlite) await runner.commitTransaction();
        return number;
      } catch (error) {
        if (isSqlite) await runner.rollbackTransaction();
        if (!String(error).includes("the process died here")) throw error;
      }
    }
  } finally {
    await runner.release();
  }
}

describe.each(engines)("the migrations on $name", (engine) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeEach(async () => {
    database = await engine.create();
    dataSource = await openUnmigrated(database);
  });
  afterEach(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  test("go up, down, and up again", async () => {
    expect(await pendingMigrations(dataSource)).toEqual(migrations.map(({ name }) => name));
    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));
    expect(await pendingMigrations(dataSource)).toEqual([]);
    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));

    for (const _ of migrations) await revert(dataSource);
    expect(await tablesOf(dataSource)).toEqual(housekeeping);
    expect(await pendingMigrations(dataSource)).toEqual(migrations.map(({ name }) => name));

    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));
    expect(await proposals(dataSource)).toEqual([]);
  });

  test("make the schema that the entities describe, and TypeORM would see a difference", async () => {
    await migrate(dataSource);
    expect(await proposals(dataSource)).toEqual([]);
    await dataSource.query(`DROP INDEX roles_slug${engine.name === "sqlite" ? "" : " ON roles"}`);
    expect(await proposals(dataSource)).toEqual([expect.stringMatching(/^CREATE UNIQUE INDEX.*roles_slug/)]);
  });

  test("can be run again after a crash between any two statements, up and down", async () => {
    let attempts = 0;
    for (const migration of migrations) attempts += await stumble(dataSource, migration, "up");
    expect(attempts).toBeGreaterThan(expectedTables(dataSource).length);
    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));
    expect(await proposals(dataSource)).toEqual([]);

    attempts = 0;
    for (const migration of migrations.toReversed()) {
      attempts += await stumble(dataSource, migration, "down");
      await revert(dataSource); // the process died before it noted that the migration is taken back
    }
    expect(attempts).toBeGreaterThan(expectedTables(dataSource).length - housekeeping.length);
    expect(await tablesOf(dataSource)).toEqual(housekeeping);
  });

  test("are done once when several processes begin at once on an empty database", async () => {
    const settings = { ORGROLES_DATABASE_URL: database.url };
    const ended = await Promise.all(many(4, () => runCommand(["migrate"], settings)));
    expect(ended).toEqual(
      many(4, () => ({
        code: 0,
        output: expect.stringMatching(
          /^Database: [^\n]*\n(?:Another process is migrating [^\n]*\n)?The migrations are complete\.\n$/,
        ) as string,
      })),
    );
    expect(await dataSource.query("SELECT name FROM migrations")).toHaveLength(migrations.length);
    expect(await proposals(dataSource)).toEqual([]);

    expect((await runCommand(["migrate", "down", "--yes", "--force"], settings)).code).toBe(0);
    expect(await pendingMigrations(dataSource)).toEqual([migrations.at(-1)?.name]);
  });
});
