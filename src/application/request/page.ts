import { refuse } from "../../domain/errors";
import type { Fields } from "./fields";
import { limits } from "../../domain/limits";

export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** Where a page begins: behind the item with this key, which was at this position when the token was made. */
export interface Cursor {
  readonly key: string;
  readonly position: number;
}

export interface PagePosition {
  readonly size: number;
  readonly after: Cursor | undefined;
}

/** A list is named by its RPC and scope; a token of another list is refused. */
export function parsePage(fields: Fields, request: PageRequest, list: readonly string[]): () => PagePosition {
  if (request.pageSize < 0) fields.refuse("page_size", "must not be negative");
  const size = Math.min(request.pageSize || limits.defaultPageSize, limits.maxPageSize);
  return () => ({ size, after: request.pageToken === "" ? undefined : decodeToken(request.pageToken, list) });
}

export function encodeToken(list: readonly string[], cursor: Cursor): string {
  return Buffer.from(JSON.stringify([...list, cursor.key, cursor.position])).toString("base64url");
}

function decodeToken(token: string, list: readonly string[]): Cursor {
  if (token.length > limits.pageTokenLength) throw refuse.pageTokenInvalid();
  try {
    const parts: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString());
    const [key, position] = parts.slice(list.length);
    if (
      parts.length === list.length + 2 &&
      list.every((part, index) => part === parts[index]) &&
      typeof key === "string" &&
      /^[!-~]{1,64}$/.test(key) &&
      Number.isSafeInteger(position)
    )
      return { key, position: position as number };
  } catch {
    // falls through: whatever does not parse is no token of ours
  }
  throw refuse.pageTokenInvalid();
}

/** A page of a list that was read with one item more than the page holds. */
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
