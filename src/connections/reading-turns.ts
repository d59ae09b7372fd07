/** The streams that a connection may open in one turn of the event loop: as many as may be open at the same time. */
const perTurn = 64;

/** Milliseconds of a turn after which the next stopped connection waits. */
const longTurn = 5;

/** A connection that can stop reading from its peer. */
export interface ReadingSource {
  /** Whether a caller has been identified on the connection. */
  readonly trusted: boolean;
  stopReading(): void;
  startReading(): void;
}

/**
 * Limits the time that floods of calls take. In one turn of the event loop Node opens every stream that has arrived, from up
 * to megabytes of each connection, and all other calls wait for the end of that turn. Therefore a connection that opens
 * more streams in a turn than clients do stops reading until its next turn, and a new connection until its first. Each
 * turn belongs to one connection. After a connection that opened too many streams, the others get as much time as it took.
 */
export class ReadingTurns<Source extends ReadingSource> {
  private readonly opened = new Map<Source, number>();
  private readonly stopped = new Set<Source>();
  private isGoingOn = false;
  private prefersTrusted = false;

  /** Counts a stream that a source opens. */
  count(source: Source): void {
    if (!this.opened.size) setImmediate(() => this.opened.clear());
    const opened = (this.opened.get(source) ?? 0) + 1;
    this.opened.set(source, opened);
    if (opened === perTurn + 1) this.wait(source);
  }

  /** Stops reading from a source until its turn comes. */
  wait(source: Source): void {
    source.stopReading();
    this.stopped.add(source);
    if (this.isGoingOn) return;
    this.isGoingOn = true;
    setImmediate(() => this.goOn());
  }

  private goOn(): void {
    const source = this.next();
    this.isGoingOn = Boolean(source);
    if (!source) return;
    this.stopped.delete(source);
    source.startReading();
    const begin = performance.now();
    setImmediate(() => {
      const took = performance.now() - begin;
      if (this.stopped.has(source) || took > longTurn) setTimeout(() => this.goOn(), took);
      else this.goOn();
    });
  }

  /** Returns the source that has waited longest; every second time, the longest one that has an identified caller. */
  private next(): Source | undefined {
    this.prefersTrusted = !this.prefersTrusted;
    const [first] = this.stopped;
    return (this.prefersTrusted && [...this.stopped].find(({ trusted }) => trusted)) || first;
  }
}
