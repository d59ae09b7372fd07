import type { DataSource } from "typeorm";
import { Fault } from "../../domain/fault";
import { failureOf } from "../connection/driver-errors";
import { dialectOf } from "../engines/index";
import { type MigrationOptions, revert } from "./migrate";
import { migrations } from "./index";
import type { Deletion, ReversibleMigration } from "./deletion";
import { schemaState } from "./schema-state";

/** The revert of a migration, before it happens. */
export interface StepBack {
  readonly migration: string;
  /** Whether no migration is left after it. */
  readonly isFirst: boolean;
  /** What the revert deletes, with the number of rows. */
  readonly losses: readonly { readonly what: string; readonly rows: number }[];
  /** The number of other connections to the database. */
  readonly otherConnections: number;
}

/** Returns what the revert of the last migration would do. Throws if there is none that this version knows. */
export async function planStepBack(dataSource: DataSource): Promise<StepBack> {
  const { done, unknown } = await schemaState(dataSource);
  const [newer] = unknown.slice(-1);
  if (newer)
    throw new Fault(`The database is newer than this version: take ${newer} back with the version that made it.`);
  const last = migrations.find(({ name }) => name === done.at(-1));
  if (!last) throw new Fault("There is nothing to revert: the database has no migration.");
  const { deletions }: ReversibleMigration = new last();
  const losses = [];
  for (const deletion of deletions) losses.push({ what: describe(deletion), rows: await rowsOf(dataSource, deletion) });
  return {
    migration: last.name,
    isFirst: done.length === 1,
    losses,
    otherConnections: await dialectOf(dataSource).countOtherConnections(dataSource),
  };
}

/** Reverts a migration. Throws if it is no longer the last one. */
export const takeStepBack = (
  dataSource: DataSource,
  { migration }: StepBack,
  options: MigrationOptions = {},
): Promise<void> => revert(dataSource, migration, options);

const describe = ({ table, column, where }: Deletion) =>
  column ? `column ${table}.${column}` : where ? `${table} where ${where}` : table;

async function rowsOf(dataSource: DataSource, { table, where }: Deletion): Promise<number> {
  try {
    const sql = `SELECT COUNT(*) AS count FROM ${table}${where ? ` WHERE ${where}` : ""}`;
    const rows: { count: number | string }[] = await dataSource.query(sql);
    return Number(rows[0]?.count ?? 0);
  } catch (error) {
    if (failureOf(error) !== "unknown") throw error; // an unknown failure: an interrupted revert has deleted the table or column
    return 0;
  }
}
