import { Slice } from "./time-slices";

const rowsPerPortion = 2500;
/** From this number on, reading rows takes a good part of a slice. */
const manyRows = 500;
const mostItems = 1000;

/**
 * Divides items to be read into portions of about as many rows each, however many rows an item has: the rows of the last
 * portion give the size of the next one.
 */
export class Portions {
  /** The number of items in the next portion. */
  size = 5;

  /** Takes the rows of a portion into account. */
  addRows(items: number, rows: number): void {
    this.size = Math.max(1, Math.min(mostItems, Math.floor((rowsPerPortion * items) / Math.max(rows, 1))));
  }
}

/** Does work on items in portions, one after the other. The work returns how many rows a portion had. */
export async function inPortions<Item>(
  items: readonly Item[],
  work: (portion: readonly Item[]) => Promise<number>,
): Promise<void> {
  const portions = new Portions();
  const slice = new Slice();
  for (let start = 0; start < items.length; ) {
    const portion = items.slice(start, start + portions.size);
    const rows = await work(portion);
    portions.addRows(portion.length, rows);
    start += portion.length;
    const ended = rows < manyRows ? undefined : slice.end();
    if (ended) await ended;
  }
}
