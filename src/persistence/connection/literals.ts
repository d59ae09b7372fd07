/**
 * Matches ASCII text that means itself between single quotes, in every `sql_mode` and every character set of a client.
 */
const plain = /^[\w .,:;+/=-]+$/;

/**
 * Writes values into the places of a statement so that no setting of a session can turn them into SQL: the text is
 * ASCII without backslashes, and everything but plain text becomes hexadecimal digits. `NO_BACKSLASH_ESCAPES`, and
 * character sets in which a byte of a character can be a backslash, defeat the escaping that drivers do.
 */
export function writeValues(sql: string, values: readonly unknown[] = []): string {
  let text = "";
  let start = 0;
  for (const value of values) {
    const place = sql.indexOf("?", start);
    if (place < 0) throw new Error("A statement has more values than places for them");
    text += sql.slice(start, place) + literal(value);
    start = place + 1;
  }
  if (values.length && sql.includes("?", start)) throw new Error("A statement has fewer values than places for them");
  return text + sql.slice(start);
}

function literal(value: unknown): string {
  switch (typeof value) {
    case "string":
      return plain.test(value) ? `'${value}'` : `_utf8mb4 X'${Buffer.from(value).toString("hex")}'`;
    case "number":
      if (Number.isFinite(value)) return String(value);
      break;
    case "bigint":
    case "boolean":
      return String(value);
    default:
      if (value === null) return "NULL";
  }
  throw new TypeError(`A statement cannot have a value of this kind: ${typeof value}`);
}
