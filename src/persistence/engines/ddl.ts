import type { QueryRunner } from "typeorm";
import type { CharacterSet, IndexKind } from "./dialect";
import { dialectOf } from "./index";

const compared = (set: CharacterSet | undefined) =>
  set ? ` CHARACTER SET ${set.charset} COLLATE ${set.collation}` : "";

/**
 * Returns the statements of migrations for a runner's engine. Each of them may run again, because MySQL commits each
 * DDL statement by itself and a crash can leave the first half of a migration. No column is nullable and none has a
 * default: an empty string or 0 means that a value is absent, and NULL never takes part in a key.
 */
export function ddl(runner: QueryRunner) {
  const dialect = dialectOf(runner.dataSource);
  const { engine, canAlterColumns, quote, tableOptions, columnTypes } = dialect;
  const ascii = compared(columnTypes.ascii);
  const unicode = compared(columnTypes.unicode);
  return {
    engine,
    canAlterColumns,
    quote,
    ascii: (length: number) => `varchar(${length})${ascii} NOT NULL`,
    text: (length: number) => `varchar(${length})${unicode} NOT NULL`,
    longAscii: `${columnTypes.longText}${ascii} NOT NULL`,
    longText: `${columnTypes.longText}${unicode} NOT NULL`,
    integer: "bigint NOT NULL",
    boolean: "tinyint NOT NULL",
    createTable: (name: string, ...lines: string[]) =>
      runner.query(`CREATE TABLE IF NOT EXISTS ${name} (${lines.join(", ")})${tableOptions}`),
    /** Creates a table that a write costs one tree less on an engine that stores rows apart from the primary key. */
    createClusteredTable: (name: string, ...lines: string[]) =>
      runner.query(`CREATE TABLE IF NOT EXISTS ${name} (${lines.join(", ")})${dialect.clusteredTableOptions}`),
    createIndex: (kind: IndexKind, name: string, table: string, columns: string) =>
      dialect.createIndex(runner, kind, name, table, columns),
    dropIndex: (name: string, table: string) => dialect.dropIndex(runner, name, table),
    hasColumn: (table: string, name: string) => dialect.hasColumn(runner, table, name),
  };
}
