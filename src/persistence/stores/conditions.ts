import type { DataSourceOptions, EntityManager } from "typeorm";

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

/** How many rows the statement of a transaction has changed. */
export async function affectedBy(manager: EntityManager, sql: string, parameters: unknown[]): Promise<number> {
  const result = await manager.queryRunner?.query(sql, parameters, true);
  return result?.affected ?? 0;
}

export const placeholders = (values: { readonly length: number }): string => ", ?".repeat(values.length).slice(2);
