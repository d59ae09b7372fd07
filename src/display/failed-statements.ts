const statements = new WeakMap<object, string>();

/** Remembers the statement of an error. `sql` has placeholders; the copy of the driver may contain values. */
export function rememberStatement(error: unknown, sql: string): void {
  if (typeof error === "object" && error !== null) statements.set(error, sql);
}

/** Returns the statement of an error, without values. */
export function statementOf(error: object): string | undefined {
  const remembered = statements.get(error);
  if (remembered !== undefined) return remembered;
  // the query of TypeORM does not contain its parameters
  const { query, driverError } = error as { query?: unknown; driverError?: unknown };
  return typeof query === "string" && driverError !== undefined ? query : undefined;
}
