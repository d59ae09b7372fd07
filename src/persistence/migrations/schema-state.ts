import type { DataSource } from "typeorm";
import { failureOf } from "../connection/driver-errors";
import { migrations } from "./index";

/** The names of migrations. Each list is in the order in which they run. */
export interface SchemaState {
  /** Migrations that the database has and this version knows. */
  readonly done: readonly string[];
  /** Migrations that the database lacks. */
  readonly pending: readonly string[];
  /** Migrations that a newer version made. */
  readonly unknown: readonly string[];
}

/** Returns which migrations the database has. Changes nothing. */
export async function schemaState(dataSource: DataSource): Promise<SchemaState> {
  const applied = await appliedMigrations(dataSource);
  const known = migrations.map(({ name }) => name);
  return {
    done: known.filter((name) => applied.includes(name)),
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

async function appliedMigrations(dataSource: DataSource): Promise<string[]> {
  try {
    const rows: { name: string }[] = await dataSource.query("SELECT name FROM migrations ORDER BY timestamp, id");
    return rows.map(({ name }) => name);
  } catch (error) {
    if (failureOf(error) !== "unknown") throw error; // an unknown failure: the table is missing, and with it all others
    return [];
  }
}
