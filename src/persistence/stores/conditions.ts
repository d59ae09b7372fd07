import type { DataSourceOptions } from "typeorm";

/**
 * A condition for some pairs of values of two columns. MariaDB plans as many conditions between ORs ten times as long as
 * it takes to answer them.
 */
export function amongPairs(engine: DataSourceOptions["type"], columns: string, pairs: readonly unknown[]): string {
  const list = pairs.map(() => "(?, ?)").join(", ");
  return `(${columns}) IN (${engine === "better-sqlite3" ? `VALUES ${list}` : list})`;
}

/** `INSERT INTO …` for rows of as many values each. */
export function insertion(table: string, columns: string, rows: readonly (readonly unknown[])[]): string {
  const row = `(${placeholders(rows[0] ?? [])})`;
  return `INSERT INTO ${table} (${columns}) VALUES ${rows.map(() => row).join(", ")}`;
}

export const placeholders = (values: { readonly length: number }): string => ", ?".repeat(values.length).slice(2);
