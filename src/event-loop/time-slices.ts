/** Milliseconds of work after which other work has its turn: far below what a caller notices. */
const sliceTime = 8;

/** Pieces of work that take fewer milliseconds together are measured together. */
const shortPiece = 0.5;
const mostPieces = 8;

/** Work that waits for its next slice, in order of arrival. */
const waiting: (() => void)[] = [];

/** Milliseconds of all work since the last turn: many short pieces delay others as much as a long one. */
let worked = 0;

/**
 * Yields to other work on the event loop. In each of its turns one slice is done of all work that waits. The first slice
 * waits for two immediates: after one, work that a socket has begun would go on in the turn that read from the socket.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(() => setImmediate(startNext));
  });
}

/** Adds milliseconds of work. Returns the next turn if the slice has taken long enough, undefined if there is time left. */
export function noteWork(milliseconds: number): Promise<void> | undefined {
  worked += milliseconds;
  return worked < sliceTime ? undefined : turn();
}

/** Measures work, to end a slice when it has taken long enough. */
export class Slice {
  private measured = performance.now();
  private unmeasured = 0;
  private piecesPerMeasurement = 1;

  /** Returns the next turn if the slice has taken long enough, undefined if there is time left. */
  end(): Promise<void> | undefined {
    const before = this.measured;
    this.measured = performance.now();
    const ended = noteWork(this.measured - before);
    return ended && this.restartAfter(ended);
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
    this.measured = performance.now();
  }
}

/** Maps items one after the other, in as many slices as that takes. */
export async function mapInSlices<T, R>(items: readonly T[], work: (item: T, index: number) => R): Promise<R[]> {
  const results: R[] = [];
  const slice = new Slice();
  for (let index = 0; index < items.length; index += 1) {
    results.push(work(items[index] as T, index));
    const ended = index < items.length - 1 ? slice.endAfterPiece() : slice.end();
    if (ended) await ended;
  }
  return results;
}

function startNext(): void {
  worked = 0;
  waiting.shift()?.();
  if (waiting.length) setImmediate(startNext);
}
