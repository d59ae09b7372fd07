import type { DataSource, QueryRunner } from "typeorm";
import { openDatabase } from "../../src/persistence/data-source";
import { parseDatabaseUrl } from "../../src/persistence/database-url";
import { migrate, pendingMigrations, revert } from "../../src/persistence/migrate";
import { migrations } from "../../src/persistence/migrations";
import { runCommand } from "../support/command";
import { type TestDatabase, type TestEngine, engines, servers } from "../support/engines";
import { healthOf } from "../support/health";
import { many } from "../support/many";
import { failureOf } from "../support/client";
import { startProcess } from "../support/process";
import { until } from "../support/until";

const housekeeping = ["leases", "migrations"];
const expectedTables = (dataSource: DataSource) =>
  [...dataSource.entityMetadatas.map(({ tableName }) => tableName), "migrations"].toSorted();

async function open({ url }: TestDatabase): Promise<DataSource> {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  return openDatabase(parsed.value, { poolSize: 2, timeout: 30_000 });
}

async function tablesOf(dataSource: DataSource): Promise<string[]> {
  const rows: { name: string }[] = await dataSource.query(
    dataSource.options.type === "better-sqlite3"
      ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
  );
  return rows.map(({ name }) => name).toSorted();
}

/** What TypeORM would change to make the schema what the entities say. */
async function proposals(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

/** A runner that fails before the statement with the given number, from 1. */
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
 * there. Answers how often it took.
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
    dataSource = await open(database);
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
      many(4, () => ({ code: 0, output: expect.stringMatching(/^Migrated up: [^\n]*\n$/) as string })),
    );
    expect(await dataSource.query("SELECT name FROM migrations")).toHaveLength(migrations.length);
    expect(await proposals(dataSource)).toEqual([]);

    expect((await runCommand(["migrate", "down"], settings)).code).toBe(0);
    expect(await pendingMigrations(dataSource)).toEqual([migrations.at(-1)?.name]);
  });
});

describe.each(servers)("the schema on $name", (engine) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await engine.create();
    dataSource = await open(database);
    await migrate(dataSource);
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  test("compares all text byte by byte, has no nullable column and no default", async () => {
    const columns: { place: string; nullable: string; collation: string | null; fallback: string | null }[] =
      await dataSource.query(
        "SELECT CONCAT(table_name, '.', column_name) AS place, is_nullable AS nullable, collation_name AS collation," +
          " column_default AS fallback FROM information_schema.columns" +
          " WHERE table_schema = DATABASE() AND table_name <> 'migrations'",
      );
    expect(columns.length).toBeGreaterThan(50);
    for (const { place, ...column } of columns)
      expect({ place, ...column }).toEqual({
        place,
        nullable: "NO",
        collation: column.collation === null ? null : expect.stringMatching(/^(ascii|utf8mb4)_bin$/),
        fallback: null,
      });
    expect(columns.filter(({ collation }) => collation === "ascii_bin").length).toBeGreaterThan(20);
    expect(columns.filter(({ collation }) => collation === "utf8mb4_bin").length).toBeGreaterThan(5);
  });

  test("is InnoDB throughout, each table with a primary key", async () => {
    const found: { name: string; engine: string; keys: unknown }[] = await dataSource.query(
      "SELECT t.table_name AS name, t.engine AS engine, COUNT(s.index_name) AS `keys` FROM information_schema.tables t" +
        " LEFT JOIN information_schema.statistics s ON s.table_schema = t.table_schema AND s.table_name = t.table_name" +
        " AND s.index_name = 'PRIMARY' AND s.seq_in_index = 1" +
        " WHERE t.table_schema = DATABASE() GROUP BY t.table_name, t.engine",
    );
    const expected = expectedTables(dataSource).map((name) => ({ name, engine: "InnoDB", keys: 1 }));
    expect(new Set(found.map((row) => ({ ...row, keys: Number(row.keys) })))).toEqual(new Set(expected));
  });

  test("is left alone with ORGROLES_MIGRATE=off: the service says what to do, and serves when it is done", async () => {
    const empty = await engine.create();
    const service = await startProcess({
      ORGROLES_DATABASE_URL: empty.url,
      ORGROLES_MIGRATE: "off",
      ORGROLES_ENVIRONMENTS: "alpha",
    });
    try {
      await until("it says what to do", async () => /run npm run migrate/.test(service.output()) || undefined);
      expect(await healthOf(service.address)).toBe("NOT_SERVING");
      expect(await failureOf(service.environments.listEnvironments({}))).toMatchObject({
        code: "UNAVAILABLE",
        reason: "DATABASE_UNAVAILABLE",
      });
      const other = await open(empty);
      expect(await tablesOf(other)).toEqual([]);
      await other.destroy();

      expect((await runCommand(["migrate"], { ORGROLES_DATABASE_URL: empty.url })).code).toBe(0);
      await until("it serves", async () => (await healthOf(service.address)) === "SERVING" || undefined);
      const { environments } = await service.environments.listEnvironments({});
      expect(environments.map(({ id }) => id)).toEqual(["alpha"]);
    } finally {
      expect(await service.end()).toBe(0);
      await empty.drop();
    }
  });
});

describe("on SQLite", () => {
  const [sqlite] = engines as [TestEngine];
  let database: TestDatabase;
  beforeEach(async () => {
    database = await sqlite.create();
  });
  afterEach(() => database?.drop());

  test("the schema has no collation but bytes, no nullable column and no default", async () => {
    const dataSource = await open(database);
    await migrate(dataSource);
    const created: { sql: string | null }[] = await dataSource.query("SELECT sql FROM sqlite_master");
    for (const { sql } of created) expect(sql ?? "").not.toMatch(/COLLATE/i);
    const columns: object[] = await dataSource.query(
      'SELECT t.name AS place, c.name, c."notnull", c.dflt_value FROM sqlite_master t, pragma_table_info(t.name) c' +
        " WHERE t.type = 'table' AND t.name <> 'migrations' AND t.name NOT LIKE 'sqlite_%'",
    );
    expect(columns.length).toBeGreaterThan(50);
    for (const column of columns) expect(column).toMatchObject({ notnull: 1, dflt_value: null });
    await dataSource.destroy();
  });

  test("with ORGROLES_MIGRATE=off the service does not start on an empty file, and says what to do", async () => {
    const ended = await runCommand([], { ORGROLES_DATABASE_URL: database.url, ORGROLES_MIGRATE: "off" });
    expect(ended).toEqual({ code: 1, output: expect.stringMatching(/^the database lacks .*: run npm run migrate\n$/) });
  });
});
