/** `INSERT INTO …` for rows of as many values each. */
export function insertion(table: string, columns: string, rows: readonly (readonly unknown[])[]): string {
  const row = `(${placeholders(rows[0] ?? [])})`;
  return `INSERT INTO ${table} (${columns}) VALUES ${rows.map(() => row).join(", ")}`;
}

export const placeholders = (values: { readonly length: number }): string => ", ?".repeat(values.length).slice(2);
