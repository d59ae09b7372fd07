import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import { sendThroughPool } from "../connection/send-through-pool";
import type { Dialect } from "./dialect";

/** The dialect of a server that speaks MySQL's protocol. */
export interface ServerDialect extends Dialect {
  readonly engine: "mariadb" | "mysql";
  readonly driver: "mariadb" | "mysql";
}

/** A statement of this many rows does not keep a server busy for long. */
const rowsPerInsert = 1000;

const tableOptions = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

/** The common part of the dialects of MariaDB and MySQL. */
export const server: Omit<ServerDialect, "engine" | "driver"> = {
  // MariaDB plans as many conditions between ORs ten times as long as it then takes to run them
  amongPairs: (columns, count) => `(${columns}) IN (${", (?, ?)".repeat(count).slice(2)})`,
  byPrimaryKey: " FORCE INDEX (PRIMARY)", // MySQL would sort the rows that it finds by another index
  byIndex: (name) => ` FORCE INDEX (${name})`,
  // only a DELETE of this form takes the hint
  deleteByPrimaryKey: (table, where) => `DELETE ${table} FROM ${table} FORCE INDEX (PRIMARY) WHERE ${where}`,
  deleteSome: (table, where, limit) => `DELETE FROM ${table} WHERE ${where} LIMIT ${limit}`,
  rowsPerInsert,

  createSender: sendThroughPool,
  write: (dataSource, work) => dataSource.transaction(work), // every connection is set to READ COMMITTED
  read: (dataSource, work) => dataSource.transaction("REPEATABLE READ", work),
  countOtherConnections,

  columnTypes: {
    ascii: { charset: "ascii", collation: "ascii_bin" },
    unicode: { charset: "utf8mb4", collation: "utf8mb4_bin" },
    longText: "mediumtext",
  },
  tableOptions,
  clusteredTableOptions: tableOptions,
  hasTransactionalDdl: false,
  canAlterColumns: true,
  quote: (name) => name,
  createIndex: async (runner, kind, name, table, columns) => {
    if (!(await isPresent(runner, "statistics", "index_name", table, name)))
      await runner.query(`CREATE ${kind} ${name} ON ${table} (${columns})`);
  },
  dropIndex: async (runner, name, table) => {
    if (await isPresent(runner, "statistics", "index_name", table, name))
      await runner.query(`DROP INDEX ${name} ON ${table}`);
  },
  hasColumn: (runner, table, name) => isPresent(runner, "columns", "column_name", table, name),
};

async function isPresent(
  runner: QueryRunner,
  list: "columns" | "statistics",
  column: string,
  table: string,
  name: string,
): Promise<boolean> {
  const rows: unknown[] = await runner.query(
    `SELECT 1 FROM information_schema.${list} WHERE table_schema = DATABASE() AND table_name = ? AND ${column} = ?`,
    [table, name],
  );
  return rows.length > 0;
}

/**
 * Returns the number of other connections that the server shows: those of this user, or those of all users to one with
 * the PROCESS privilege; in a cluster those of one node.
 */
async function countOtherConnections(dataSource: DataSource): Promise<number> {
  let others = await listOtherConnections(dataSource);
  for (let look = 0; look < 5 && others.length; look += 1) {
    await sleep(100); // a connection that has just been closed stays listed for a moment
    const still = await listOtherConnections(dataSource);
    others = others.filter((id) => still.includes(id));
  }
  return others.length;
}

async function listOtherConnections(dataSource: DataSource): Promise<number[]> {
  const [own]: { id: number | string; name: string }[] = await dataSource.query(
    "SELECT CONNECTION_ID() AS id, DATABASE() AS name",
  );
  const listed: { Id: number | string; db: string | null }[] = await dataSource.query("SHOW PROCESSLIST");
  return listed.filter(({ Id, db }) => db === own?.name && Number(Id) !== Number(own?.id)).map(({ Id }) => Number(Id));
}
