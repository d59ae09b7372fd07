import type { Walk } from "../ports/walk";

/** A page of a list that is read in both directions, each page beside the item of a cursor. */
export interface TwoWayRequest<Cursor> {
  readonly limit: number;
  /** Whether the list begins with its last item. */
  readonly isDescending: boolean;
  /** The page follows this item in the order of the list. */
  readonly after?: Cursor | undefined;
  /** The page ends before this item in the order of the list. Only without `after`. */
  readonly before?: Cursor | undefined;
}

/** A page, and whether there are more items on its two sides. */
export interface TwoWayPage<Item> {
  readonly items: readonly Item[];
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

/** Returns whether the walk comes to an item: it is on the side of the cursor where the walk goes. */
export const isBeyond = ({ beyond, isBackwards }: Walk<string>, key: string): boolean =>
  beyond === undefined || (isBackwards ? key < beyond : key > beyond);

/** Reads a page with one walk, which reads one item more than the page has. */
export async function readTwoWayPage<Item, Cursor>(
  { limit, isDescending, after, before }: TwoWayRequest<Cursor>,
  read: (walk: Walk<Cursor>) => Promise<readonly Item[]>,
): Promise<TwoWayPage<Item>> {
  const isAgainstOrder = after === undefined && before !== undefined;
  const walk = { beyond: after ?? before, isBackwards: isDescending !== isAgainstOrder, limit: limit + 1 };
  const found = await read(walk);
  const items = found.slice(0, limit);
  const hasMore = found.length > limit;
  if (isAgainstOrder) return { items: items.toReversed(), hasBefore: hasMore, hasAfter: true };
  return { items, hasBefore: after !== undefined, hasAfter: hasMore };
}
