import { refuse } from "../../domain/errors";
import { limits } from "../../domain/limits";
import { isId } from "../../domain/values";
import type { Fields } from "./fields";

export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** The place where a page begins: after the item with this key, which was at this position when the token was made. */
export interface Cursor {
  readonly key: string;
  readonly position: number;
}

/** Returns how many items the page is to have. */
export function parsePageSize(fields: Fields, { pageSize }: PageRequest): number {
  if (pageSize < 0) fields.refuse("page_size", "must not be negative");
  return Math.min(pageSize || limits.defaultPageSize, limits.maxPageSize);
}

/**
 * Returns where the page begins, undefined for the first page. `list` is the name of the RPC and its scope: throws
 * PAGE_TOKEN_INVALID for the token of another list.
 */
export function parsePageToken(list: readonly string[], { pageToken }: PageRequest): Cursor | undefined {
  if (pageToken === "") return undefined;
  const cursor = pageToken.length <= limits.pageTokenLength ? decodeToken(pageToken, list) : undefined;
  if (!cursor) throw refuse.pageTokenInvalid();
  return cursor;
}

/** Returns the two keys that a page of a list with such keys begins after. Throws like `parsePageToken`. */
export function parsePairToken(
  list: readonly string[],
  { pageToken }: PageRequest,
): readonly [string, string] | undefined {
  if (pageToken === "") return undefined;
  const [first, second] = (pageToken.length <= limits.pageTokenLength && decodePlace(pageToken, list)) || [];
  if (!isKey(first) || !isKey(second)) throw refuse.pageTokenInvalid();
  return [first, second];
}

export const encodePairToken = (list: readonly string[], first: string, second: string): string =>
  Buffer.from(JSON.stringify([...list, first, second])).toString("base64url");

export function encodeToken(list: readonly string[], cursor: Cursor): string {
  return Buffer.from(JSON.stringify([...list, cursor.key, cursor.position])).toString("base64url");
}

/** Returns the page of a list of which one item more than the page has was read. */
export function pageOf<T>(
  list: readonly string[],
  found: readonly T[],
  size: number,
  key: (item: T) => string,
): Page<T> {
  const items = found.slice(0, size);
  const last = items.at(-1);
  const more = found.length > items.length && last !== undefined;
  return { items, nextPageToken: more ? encodeToken(list, { key: key(last), position: 0 }) : "" };
}

function decodeToken(token: string, list: readonly string[]): Cursor | undefined {
  const [key, position] = decodePlace(token, list) ?? [];
  return isKey(key) && Number.isSafeInteger(position) ? { key, position: position as number } : undefined;
}

const isKey = (part: unknown): part is string => typeof part === "string" && isId(part);

/** Returns the two parts of a token of the list that follow its name. */
function decodePlace(token: string, list: readonly string[]): readonly [unknown, unknown] | undefined {
  let parts: unknown[];
  try {
    parts = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== list.length + 2) return undefined;
  if (!list.every((part, index) => part === parts[index])) return undefined;
  return [parts[list.length], parts[list.length + 1]];
}
