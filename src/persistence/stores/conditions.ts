import type { EntityManager } from "typeorm";

const conditionsPerGroup = 100;

/** Conditions of which one must hold: in groups, because SQLite takes no expression more than 1000 levels deep. */
export function anyOf(conditions: readonly string[]): string {
  const groups: string[] = [];
  for (let start = 0; start < conditions.length; start += conditionsPerGroup)
    groups.push(`(${conditions.slice(start, start + conditionsPerGroup).join(" OR ")})`);
  return groups.join(" OR ");
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

export const placeholders = (values: Iterable<unknown>): string => Array.from(values, () => "?").join(", ");
