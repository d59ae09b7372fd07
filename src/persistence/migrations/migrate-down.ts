import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource } from "typeorm";
import { Fault } from "../../domain/fault";
import { failureOf } from "../connection/driver-errors";
import { type MigrationOptions, revert } from "./migrate";
import { migrations } from "./index";
import type { Deletion, ReversibleMigration } from "./deletion";
import { schemaState } from "./schema-state";

/** A step back, before it is taken. */
export interface StepBack {
  readonly migration: string;
  /** Whether nothing is left after it. */
  readonly isFirst: boolean;
  /** What it deletes, with the number of rows. */
  readonly losses: readonly { readonly what: string; readonly rows: number }[];
  /** Connections of others to the database. */
  readonly otherConnections: number;
}

/** Returns what taking back the last migration would do. Throws when there is none that this version knows. */
export async function planStepBack(dataSource: DataSource): Promise<StepBack> {
  const { done, unknown } = await schemaState(dataSource);
  const [newer] = unknown.slice(-1);
  if (newer)
    throw new Fault(`The database is newer than this version: take ${newer} back with the version that made it.`);
  const last = migrations.find(({ name }) => name === done.at(-1));
  if (!last) throw new Fault("There is nothing to take back: the database has no migration.");
  const { deletions }: ReversibleMigration = new last();
  const losses = [];
  for (const deletion of deletions)
    losses.push({ what: described(deletion), rows: await rowsOf(dataSource, deletion) });
  return {
    migration: last.name,
    isFirst: done.length === 1,
    losses,
    otherConnections: await otherConnections(dataSource),
  };
}

/** Takes a migration back; throws when it is no longer the last one. */
export const takeStepBack = (
  dataSource: DataSource,
  { migration }: StepBack,
  options: MigrationOptions = {},
): Promise<void> => revert(dataSource, migration, options);

const described = ({ table, column, where }: Deletion) =>
  column ? `column ${table}.${column}` : where ? `${table} where ${where}` : table;

async function rowsOf(dataSource: DataSource, { table, where }: Deletion): Promise<number> {
  try {
    const sql = `SELECT COUNT(*) AS count FROM ${table}${where ? ` WHERE ${where}` : ""}`;
    const rows: { count: number | string }[] = await dataSource.query(sql);
    return Number(rows[0]?.count ?? 0);
  } catch (error) {
    if (failureOf(error) !== "unknown") throw error; // otherwise a step back that broke off has deleted it
    return 0;
  }
}

/**
 * Returns how many others are connected to the database. On SQLite that is certain. A server shows the connections of
 * this user, or those of all users to one with the PROCESS privilege, and of one node of a cluster.
 */
async function otherConnections(dataSource: DataSource): Promise<number> {
  if (dataSource.options.type === "better-sqlite3") return (await isAloneOnFile(dataSource)) ? 0 : 1;
  let others = await connectionIds(dataSource);
  for (let look = 0; look < 5 && others.length; look += 1) {
    await sleep(100); // one that has just been closed stays listed for a moment
    const still = await connectionIds(dataSource);
    others = others.filter((id) => still.includes(id));
  }
  return others.length;
}

async function connectionIds(dataSource: DataSource): Promise<number[]> {
  const [own]: { id: number | string; name: string }[] = await dataSource.query(
    "SELECT CONNECTION_ID() AS id, DATABASE() AS name",
  );
  const listed: { Id: number | string; db: string | null }[] = await dataSource.query("SHOW PROCESSLIST");
  return listed.filter(({ Id, db }) => db === own?.name && Number(Id) !== Number(own?.id)).map(({ Id }) => Number(Id));
}

/** A file in WAL mode can leave it only while nobody else has it open. */
async function isAloneOnFile(dataSource: DataSource): Promise<boolean> {
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
