/** Milliseconds of work after which other work has its turn: far below what a caller notices. */
const sliceTime = 8;

/** Pieces of work that take fewer milliseconds together are measured together. */
const shortPiece = 0.5;
const mostPieces = 8;

/** Milliseconds that work may have taken to wait on a level. The last level has no limit. */
const levels = [0.5, 12, 40] as const;

/** The level of work that takes about a slice. */
const aSlice = 1;

/** Work that waits for its next slice, on each level in order of arrival. */
const waiting: (() => void)[][] = [[], ...levels.map(() => [])];

let isScheduled = false;

/** Pieces of work since the process began. */
let pieces = 0;

/** Milliseconds of all work since the last turn: many short pieces delay others as much as a long one. */
let worked = 0;

/**
 * Yields to other work on the event loop. In each of its turns one slice is done of all work that waits: one piece, and
 * more while they are short. The first slice waits for two immediates: after one, work that a socket has begun would go on
 * in the turn that read from the socket.
 *
 * Work waits on a level for the time that it has taken so far, and waits again when it has taken more than its level
 * allows. Each level gets half as many pieces as the one before, so that short work does not wait for each piece of long
 * work. Work that `goesOn` on its level comes first there: if all progressed together, none would end until nearly all did.
 */
export function turn(level: number = aSlice, goesOn = false): Promise<void> {
  return new Promise((resolve) => {
    if (!isScheduled) setImmediate(() => setImmediate(startSlice));
    isScheduled = true;
    if (goesOn) waiting[level]?.unshift(resolve);
    else waiting[level]?.push(resolve);
  });
}

/**
 * Adds milliseconds of work. Returns the next turn if the slice has taken long enough, undefined if there is time left. A
 * piece that ends here, as a statement, waits on the first level: other processes may make it seem long.
 */
export function noteWork(milliseconds: number, level = 0, goesOn = false): Promise<void> | undefined {
  worked += milliseconds;
  return worked < sliceTime ? undefined : turn(level, goesOn);
}

/** Throws once nobody needs the work any more. */
export type Abortable = Pick<AbortSignal, "throwIfAborted">;

/** Measures work, to end a slice when it has taken long enough, and the work when its signal is aborted. */
export class Slice {
  private measured = performance.now();
  private taken = 0;
  private level: number | undefined;
  private unmeasured = 0;
  private piecesPerMeasurement = 1;

  constructor(private readonly signal?: Abortable) {}

  /** Returns the next turn if the slice has taken long enough, undefined if there is time left. */
  end(): Promise<void> | undefined {
    const before = this.measured;
    this.measured = performance.now();
    const took = this.measured - before;
    this.taken += took;
    const level = levelOf(this.taken);
    const isBelow = this.level !== undefined && this.level < level && isAnyWaiting();
    const ended = noteWork(took, level, level === this.level) ?? (isBelow ? turn(level) : undefined);
    if (!ended) return undefined;
    this.level = level;
    return this.restartAfter(ended);
  }

  /** Does the same after a piece of work that is likely short, for which reading the clock takes longer than the piece. */
  endAfterPiece(): Promise<void> | undefined {
    this.unmeasured += 1;
    if (this.unmeasured < this.piecesPerMeasurement) return undefined;
    const before = this.measured;
    const ended = this.end();
    this.piecesPerMeasurement =
      this.measured - before < shortPiece ? Math.min(mostPieces, 2 * this.piecesPerMeasurement) : 1;
    this.unmeasured = 0;
    return ended;
  }

  private async restartAfter(ended: Promise<void>): Promise<void> {
    await ended;
    this.signal?.throwIfAborted();
    this.measured = performance.now();
  }
}

/** Maps items one after the other, in as many slices as that takes. Throws once the signal is aborted. */
export async function mapInSlices<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => R,
  signal?: Abortable,
): Promise<R[]> {
  const results: R[] = [];
  const slice = new Slice(signal);
  for (let index = 0; index < items.length; index += 1) {
    results.push(work(items[index] as T, index));
    const ended = index < items.length - 1 ? slice.endAfterPiece() : slice.end();
    if (ended) await ended;
  }
  return results;
}

function levelOf(milliseconds: number): number {
  const level = levels.findIndex((most) => milliseconds < most);
  return level < 0 ? levels.length : level;
}

function isAnyWaiting(): boolean {
  return waiting.some(({ length }) => length);
}

function startSlice(): void {
  worked = 0;
  doPieces(performance.now() + sliceTime);
}

/** Does one piece of work after the other until the slice is over. */
function doPieces(end: number): void {
  next()?.();
  // everything that the piece does without waiting comes before the tick
  queueMicrotask(() => process.nextTick(goOn, end));
}

function goOn(end: number): void {
  isScheduled = isAnyWaiting();
  if (!isScheduled) return;
  if (performance.now() < end) doPieces(end);
  else setImmediate(startSlice);
}

/** Returns the work that comes next: every second time of the first level, every fourth time of the second one. */
function next(): (() => void) | undefined {
  pieces = (pieces + 1) % (1 << levels.length);
  const preferred = pieces ? 31 - Math.clz32(pieces & -pieces) : levels.length;
  const queue = waiting[preferred]?.length ? waiting[preferred] : waiting.find(({ length }) => length);
  return queue?.shift();
}
