import type { DataSource } from "typeorm";
import { openDatabase } from "../../src/persistence/connection/open-database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { migrate, revert } from "../../src/persistence/migrations/migrate";
import { planStepBack, takeStepBack } from "../../src/persistence/migrations/migrate-down";
import { migrations } from "../../src/persistence/migrations";
import type { ReversibleMigration } from "../../src/persistence/migrations/deletion";
import { type TestDatabase, engines } from "../support/engines";

const open = async ({ url }: TestDatabase): Promise<DataSource> => {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  return openDatabase(parsed.value, { poolSize: 2, timeout: 10_000 });
};

/** `table` for each table, and `table.column` for each column of the schema. */
async function schemaOf(dataSource: DataSource): Promise<Set<string>> {
  const isSqlite = dataSource.options.type === "better-sqlite3";
  const rows: { name: string; part: string }[] = await dataSource.query(
    isSqlite
      ? "SELECT m.name AS name, c.name AS part FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
      : "SELECT table_name AS name, column_name AS part FROM information_schema.columns WHERE table_schema = DATABASE()",
  );
  return new Set(rows.flatMap(({ name, part }) => [name, `${name}.${part}`]));
}

describe.each(engines)("on $name", (engine) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await engine.create();
    dataSource = await open(database);
    await migrate(dataSource);
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  test("every migration names the tables and columns that its way back deletes", async () => {
    for (const Migration of migrations.toReversed()) {
      const before = await schemaOf(dataSource);
      await revert(dataSource);
      const after = await schemaOf(dataSource);
      const { deletions }: ReversibleMigration = new Migration();
      const tables = deletions.flatMap(({ table, column, where }) => ((column ?? where) ? [] : table));
      const columns = deletions.flatMap(({ table, column }) => (column ? `${table}.${column}` : []));
      const gone = [...before].filter((name) => !after.has(name));
      expect(gone.filter((name) => !name.includes(".")).toSorted()).toEqual(tables.toSorted());
      const ofTablesThatStay = gone.filter((name) => after.has(name.split(".")[0] ?? ""));
      expect(ofTablesThatStay.filter((name) => name.includes("."))).toEqual(columns);
    }
  });

  test("a step back that was planned is not taken when another one was taken meanwhile", async () => {
    const step = await planStepBack(dataSource);
    const other = await planStepBack(dataSource);
    await takeStepBack(dataSource, step);
    await expect(takeStepBack(dataSource, other)).rejects.toThrow(
      `${step.migration} is not the last migration any more`,
    );
    expect((await planStepBack(dataSource)).migration).toBe(migrations.at(-2)?.name);
  });

  test("what a broken-off step back has deleted counts no rows", async () => {
    for (let step = await planStepBack(dataSource); !step.losses.some(({ what }) => what === "group_roles"); ) {
      await takeStepBack(dataSource, step);
      step = await planStepBack(dataSource);
    }
    await dataSource.query("DROP TABLE group_roles");
    const { losses } = await planStepBack(dataSource);
    expect(losses).toContainEqual({ what: "group_roles", rows: 0 });
  });
});
