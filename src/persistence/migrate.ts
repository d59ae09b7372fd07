import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource } from "typeorm";
import { Lease } from "./lease";
import { schemaState } from "./schema-state";

/** Returns the names of the migrations that the database lacks. */
export const pendingMigrations = async (dataSource: DataSource): Promise<readonly string[]> =>
  (await schemaState(dataSource)).pending;

/** Brings the schema up to date. Of several processes at once one does it, the others wait for it. */
export async function migrate(dataSource: DataSource): Promise<void> {
  if (!(await pendingMigrations(dataSource)).length) return;
  await createLeases(dataSource);
  await underLease(dataSource, async () => {
    if (!(await pendingMigrations(dataSource)).length) return;
    await dataSource.runMigrations({ transaction: isSqlite(dataSource) ? "each" : "none" });
  });
}

/**
 * Takes the schema back by one migration, with everything in the tables it had made. Changes nothing and throws when
 * the last migration is another than the one named.
 */
export async function revert(dataSource: DataSource, migration?: string): Promise<void> {
  await createLeases(dataSource);
  await underLease(dataSource, async () => {
    const { done, unknown } = await schemaState(dataSource);
    const last = unknown.at(-1) ?? done.at(-1);
    if (migration !== undefined && migration !== last)
      throw new Error(`Another process has changed the schema: ${migration} is not the last migration any more.`);
    await dataSource.undoLastMigration({ transaction: isSqlite(dataSource) ? "each" : "none" });
  });
}

const isSqlite = (dataSource: DataSource) => dataSource.options.type === "better-sqlite3";

async function createLeases(dataSource: DataSource): Promise<void> {
  const [ascii, end] = isSqlite(dataSource)
    ? ["", ""]
    : [" CHARACTER SET ascii COLLATE ascii_bin", " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"];
  await dataSource.query(
    `CREATE TABLE IF NOT EXISTS leases (name varchar(32)${ascii} NOT NULL, holder varchar(36)${ascii} NOT NULL, ` +
      `beat bigint NOT NULL, PRIMARY KEY (name))${end}`,
  );
}

async function underLease(dataSource: DataSource, work: () => Promise<void>): Promise<void> {
  const lease = new Lease((statements) => statements(dataSource.manager), "migrations");
  while (!(await lease.take())) await sleep(100);
  const beating = setInterval(() => void lease.beat().catch(() => undefined), 2000);
  try {
    await work();
  } finally {
    clearInterval(beating);
    await lease.release();
  }
}
