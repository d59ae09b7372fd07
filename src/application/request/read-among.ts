import { isId } from "../../domain/values";

/** The ids that one statement looks for. */
const idsAtOnce = 250;

/**
 * Returns up to `limit` items whose ids come after the given text, of those with the given ids, in order of their bytes.
 * `find` returns the items that exist, in that order. Ids that break the rule for ids name nothing.
 */
export async function readAmong<Id extends string, Item>(
  ids: Iterable<string>,
  after: string,
  limit: number,
  find: (ids: readonly Id[]) => Promise<readonly Item[]>,
): Promise<Item[]> {
  const wanted = [...ids].filter((id) => isId(id) && id > after).toSorted() as Id[];
  const found: Item[] = [];
  for (let start = 0; start < wanted.length && found.length < limit; start += idsAtOnce)
    found.push(...(await find(wanted.slice(start, start + idsAtOnce))));
  return found.slice(0, limit);
}
