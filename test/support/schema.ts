import type { DataSource } from "typeorm";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { openDatabase } from "../../src/persistence/connection/open-database";
import type { TestDatabase } from "./engines";

/** Opens a database as it is, without migrating it. */
export async function openUnmigrated({ url }: TestDatabase): Promise<DataSource> {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  return openDatabase(parsed.value, { poolSize: 2, timeout: 30_000 });
}

/** Returns the names of all tables, in order. */
export async function tablesOf(dataSource: DataSource): Promise<string[]> {
  const rows: { name: string }[] = await dataSource.query(
    dataSource.options.type === "better-sqlite3"
      ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
  );
  return rows.map(({ name }) => name).toSorted();
}

/** Returns the names of the tables that there are after all migrations, in order. */
export const expectedTables = (dataSource: DataSource) =>
  [...dataSource.entityMetadatas.map(({ tableName }) => tableName), "migrations"].toSorted();

/** Returns what TypeORM would change to make the schema what the entities say. */
export async function proposals(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}
