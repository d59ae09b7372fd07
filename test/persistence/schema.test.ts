import type { DataSource } from "typeorm";
import { migrate } from "../../src/persistence/migrations/migrate";
import { failureOf } from "../support/client";
import { runCommand } from "../support/command";
import { type TestDatabase, type TestEngine, engines, servers } from "../support/engines";
import { healthOf } from "../support/health";
import { startProcess } from "../support/process";
import { expectedTables, openUnmigrated, tablesOf } from "../support/schema";
import { until } from "../support/until";

describe.each(servers)("the schema on $name", (engine) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await engine.create();
    dataSource = await openUnmigrated(database);
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
      const other = await openUnmigrated(empty);
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
    const dataSource = await openUnmigrated(database);
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
