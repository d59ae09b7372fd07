export const placeholders = (values: { readonly length: number }): string => ", ?".repeat(values.length).slice(2);

/** A piece of SQL, and its parameters. */
export type Condition = readonly [sql: string, ...parameters: string[]];

/**
 * Returns a condition, after an AND, for ids that begin with a prefix: those from the prefix up to the next text of its
 * length. An empty prefix selects all.
 */
export function andBeginsWith(column: string, prefix: string): Condition {
  if (prefix === "") return [""];
  const next = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  return [` AND ${column} >= ? AND ${column} < ?`, prefix, next];
}

/**
 * Returns a condition that a table has a row for a row of the statement. Unlike EXISTS, it has MariaDB look for one row by an
 * index, and not read all rows of the table first.
 */
export const hasRow = (from: string): string => `(SELECT 1 FROM ${from} LIMIT 1) IS NOT NULL`;
