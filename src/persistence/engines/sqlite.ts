import type { DataSource, EntityManager } from "typeorm";
import { noteWork } from "../../event-loop/time-slices";
import { sendToSqlite } from "../connection/send-to-sqlite";
import type { Dialect } from "./dialect";

/**
 * SQLite runs in this thread, and its statements need no round trip: many short ones cost little more than a long one.
 */
const rowsPerInsert = 250;

export const sqlite: Dialect = {
  engine: "sqlite",
  driver: "better-sqlite3",

  amongPairs: (columns, count) => `(${columns}) IN (VALUES ${", (?, ?)".repeat(count).slice(2)})`,
  byPrimaryKey: "",
  byIndex: (name) => ` INDEXED BY ${name}`,
  deleteByPrimaryKey: (table, where) => `DELETE FROM ${table} WHERE ${where}`,
  deleteSome: (table, where, limit) =>
    `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${where} LIMIT ${limit})`,
  rowsPerInsert,

  createSender: sendToSqlite,
  write: commitInSlice,
  read: (dataSource, work) => dataSource.transaction(work),
  countOtherConnections: async (dataSource) => ((await hasFileForItself(dataSource)) ? 0 : 1),

  columnTypes: { ascii: undefined, unicode: undefined, longText: "text" },
  tableOptions: "",
  clusteredTableOptions: " WITHOUT ROWID",
  hasTransactionalDdl: true,
  canAlterColumns: false,
  quote: (name) => `"${name}"`,
  createIndex: async (runner, kind, name, table, columns) => {
    await runner.query(`CREATE ${kind} IF NOT EXISTS ${name} ON ${table} (${columns})`);
  },
  dropIndex: async (runner, name) => {
    await runner.query(`DROP INDEX IF EXISTS ${name}`);
  },
  hasColumn: async (runner, table, name) =>
    ((await runner.query("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", [table, name])) as unknown[]).length > 0,
};

/** Runs work in a transaction. The commit runs in this thread and counts as work of the slice. */
async function commitInSlice<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  let end = 0;
  const result = await dataSource.transaction(async (manager) => {
    const done = await work(manager);
    end = performance.now();
    return done;
  });
  const ended = noteWork(performance.now() - end);
  if (ended) await ended;
  return result;
}

/** Returns whether nobody else has the file open: a file in WAL mode can leave that mode only then. */
async function hasFileForItself(dataSource: DataSource): Promise<boolean> {
  const [before]: { timeout: number }[] = await dataSource.query("PRAGMA busy_timeout");
  await dataSource.query("PRAGMA busy_timeout = 0");
  try {
    await dataSource.query("PRAGMA journal_mode = DELETE");
    await dataSource.query("PRAGMA journal_mode = WAL");
    return true;
  } catch (error) {
    if (/locked|busy/i.test(String(error))) return false;
    throw error;
  } finally {
    await dataSource.query(`PRAGMA busy_timeout = ${before?.timeout ?? 0}`);
  }
}
