/** Streams that a connection opens in a turn of the event loop before it has to wait: as many as may be open at once. */
const perTurn = 64;

/** What reads from a peer. */
export interface ReadingSource {
  /** Whether a caller has been identified on it. */
  readonly trusted: boolean;
  stopReading(): void;
  startReading(): void;
}

/**
 * Bounds the time that floods of calls take. Node opens all streams that have been received, up to megabytes of each
 * connection in one turn of the event loop, and everybody waits for the end of the turn. So a connection that opens more
 * streams in a turn than a client does is not read until its turn comes again, and a new one until its first: one
 * connection in a turn, and after one that opened too many the others get as much time as it took.
 */
export class ReadingTurns<Source extends ReadingSource> {
  private readonly opened = new Map<Source, number>();
  private readonly stopped = new Set<Source>();
  private isGoingOn = false;
  private prefersTrusted = false;

  /** Is to be called for each stream that a source opens. */
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
      if (this.stopped.has(source)) setTimeout(() => this.goOn(), performance.now() - begin);
      else this.goOn();
    });
  }

  /** Returns the source that has waited for longest, every other time of those with an identified caller if there are any. */
  private next(): Source | undefined {
    this.prefersTrusted = !this.prefersTrusted;
    const [first] = this.stopped;
    return (this.prefersTrusted && [...this.stopped].find(({ trusted }) => trusted)) || first;
  }
}
