/** Milliseconds of work after which others have their turn: far below what a caller notices. */
const sliceTime = 8;

/** Milliseconds for some pieces of work below which more of them are done before the clock is looked at again. */
const shortPiece = 0.5;
const mostPieces = 8;

/** Work that waits for its next slice, in order of arrival. */
const waiting: (() => void)[] = [];

/** Milliseconds of work since the last turn, whoever has done it: many short pieces keep the others waiting as a long one does. */
let worked = 0;

function next(): void {
  worked = 0;
  waiting.shift()?.();
  if (waiting.length) setImmediate(next);
}

/**
 * Gives the event loop back. Of all work that waits, one slice is done in each of its turns. The first one waits for two
 * immediates: what comes from a socket would go on in the turn that read it after one.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(() => setImmediate(next));
  });
}

/** Notes milliseconds of work. Returns the next turn where the slice has taken long enough, undefined where time is left. */
export function noteWork(milliseconds: number): Promise<void> | undefined {
  worked += milliseconds;
  return worked < sliceTime ? undefined : turn();
}

/** Measures work as long as it goes on, to end a slice when it has taken long enough. */
export class Slice {
  private measured = performance.now();
  private unmeasured = 0;
  private piecesAtOnce = 1;

  /** Undefined: there is time left. */
  end(): Promise<void> | undefined {
    const before = this.measured;
    this.measured = performance.now();
    const ended = noteWork(this.measured - before);
    return ended && this.after(ended);
  }

  /** The same for pieces of work of which most are short: looking at the clock takes longer than some of them. */
  endOnceInAWhile(): Promise<void> | undefined {
    this.unmeasured += 1;
    if (this.unmeasured < this.piecesAtOnce) return undefined;
    const before = this.measured;
    const ended = this.end();
    this.piecesAtOnce = this.measured - before < shortPiece ? Math.min(mostPieces, 2 * this.piecesAtOnce) : 1;
    this.unmeasured = 0;
    return ended;
  }

  private async after(ended: Promise<void>): Promise<void> {
    await ended;
    this.measured = performance.now();
  }
}

/** Maps items one after the other, in as many slices as that takes. */
export async function mapInSlices<T, R>(items: readonly T[], work: (item: T, index: number) => R): Promise<R[]> {
  const results: R[] = [];
  const current = new Slice();
  for (let index = 0; index < items.length; index += 1) {
    results.push(work(items[index] as T, index));
    const ended = index < items.length - 1 ? current.endOnceInAWhile() : current.end();
    if (ended) await ended;
  }
  return results;
}

const rowsOfPortion = 2500;
/** Rows from which on reading them takes a good part of a slice. */
const manyRows = 500;
const mostItems = 1000;

/**
 * Divides what is to be loaded into portions of about as many rows each, whatever number of rows an item has: by what the
 * items before had.
 */
export class Portions {
  /** Items of the next portion. */
  size = 5;

  /** Notes the rows of a portion. */
  had(items: number, rows: number): void {
    this.size = Math.max(1, Math.min(mostItems, Math.floor((rowsOfPortion * items) / Math.max(rows, 1))));
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
    portions.had(portion.length, rows);
    start += portion.length;
    const ended = rows < manyRows ? undefined : slice.end();
    if (ended) await ended;
  }
}
