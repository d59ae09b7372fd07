const statements = new WeakMap<object, string>();

/** Remembers which statement an error is about. `sql` has placeholders: drivers put values into their own copy. */
export function rememberStatement(error: unknown, sql: string): void {
  if (typeof error === "object" && error !== null) statements.set(error, sql);
}

/** Returns the statement that an error is about, without values. */
export function statementOf(error: object): string | undefined {
  const remembered = statements.get(error);
  if (remembered !== undefined) return remembered;
  // TypeORM keeps its parameters apart
  const { query, driverError } = error as { query?: unknown; driverError?: unknown };
  return typeof query === "string" && driverError !== undefined ? query : undefined;
}
