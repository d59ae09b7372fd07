import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource } from "typeorm";
import { failureOf } from "./driver-errors";
import { Lease } from "./lease";
import { migrations } from "./migrations";

/** The names of the migrations that the database lacks. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const done = new Set<string>();
  try {
    const rows: { name: string }[] = await dataSource.query("SELECT name FROM migrations");
    for (const { name } of rows) done.add(name);
  } catch (error) {
    if (failureOf(error) !== "unknown") throw error; // otherwise the table is missing, and with it all others
  }
  return migrations.map(({ name }) => name).filter((name) => !done.has(name));
}

/** Brings the schema up to date. Of several processes at once one does it, the others wait for it. */
export async function migrate(dataSource: DataSource): Promise<void> {
  if (!(await pendingMigrations(dataSource)).length) return;
  await createLeases(dataSource);
  await underLease(dataSource, async () => {
    if (!(await pendingMigrations(dataSource)).length) return;
    await dataSource.runMigrations({ transaction: isSqlite(dataSource) ? "each" : "none" });
  });
}

/** Takes the schema back by one migration, with everything in the tables it had made. */
export async function revert(dataSource: DataSource): Promise<void> {
  await createLeases(dataSource);
  await underLease(dataSource, () =>
    dataSource.undoLastMigration({ transaction: isSqlite(dataSource) ? "each" : "none" }),
  );
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
