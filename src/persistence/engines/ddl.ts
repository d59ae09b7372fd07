import type { QueryRunner } from "typeorm";

/**
 * How each engine says it. Every statement may run again: MySQL commits each DDL statement by itself, so that a crash can
 * leave the first half. No column is nullable and none has a default: what is not there is an empty string or 0, and NULL
 * never takes part in a key.
 */
export function dialect(runner: QueryRunner) {
  const isSqlite = runner.dataSource.options.type === "better-sqlite3";
  const ascii = isSqlite ? "" : " CHARACTER SET ascii COLLATE ascii_bin";
  const unicode = isSqlite ? "" : " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
  const long = isSqlite ? "text" : "mediumtext";
  const tableEnd = isSqlite ? "" : " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
  const presentIn = (what: "columns" | "statistics", table: string, column: string, name: string) =>
    runner.query(
      `SELECT 1 FROM information_schema.${what} WHERE table_schema = DATABASE() AND table_name = ? AND ${column} = ?`,
      [table, name],
    ) as Promise<unknown[]>;
  return {
    ascii: (length: number) => `varchar(${length})${ascii} NOT NULL`,
    text: (length: number) => `varchar(${length})${unicode} NOT NULL`,
    longAscii: `${long}${ascii} NOT NULL`,
    longText: `${long}${unicode} NOT NULL`,
    integer: "bigint NOT NULL",
    boolean: "tinyint NOT NULL",
    /** TypeORM's schema comparison finds foreign keys of SQLite by their quotes. */
    quoted: (name: string) => (isSqlite ? `"${name}"` : name),
    isSqlite,
    create: (name: string, ...lines: string[]) =>
      runner.query(`CREATE TABLE IF NOT EXISTS ${name} (${lines.join(", ")})${tableEnd}`),
    index: async (kind: string, name: string, table: string, columns: string): Promise<void> => {
      if (isSqlite) {
        await runner.query(`CREATE ${kind} IF NOT EXISTS ${name} ON ${table} (${columns})`);
        return;
      }
      const present = await presentIn("statistics", table, "index_name", name);
      if (!present.length) await runner.query(`CREATE ${kind} ${name} ON ${table} (${columns})`);
    },
    dropIndex: async (name: string, table: string): Promise<void> => {
      if (isSqlite) {
        await runner.query(`DROP INDEX IF EXISTS ${name}`);
        return;
      }
      const present = await presentIn("statistics", table, "index_name", name);
      if (present.length) await runner.query(`DROP INDEX ${name} ON ${table}`);
    },
    /** MariaDB and MySQL. */
    hasColumn: async (table: string, name: string): Promise<boolean> =>
      (await presentIn("columns", table, "column_name", name)).length > 0,
  };
}
