/** Pieces of work in one turn of the event loop: some milliseconds. */
const perTurn = 64;

/**
 * Does work at once while there is little, else some of it in each turn of the event loop, one piece for each source in
 * rotation: a source that brings much work delays itself more than the others.
 */
export class FairTurns<Source extends object> {
  private readonly waiting = new Map<Source, Set<() => void>>();
  private done = 0;
  private isScheduled = false;

  /** Does the work, at once or later. Returns whether it has to wait. */
  do(source: Source, work: () => void): boolean {
    if (!this.isScheduled) this.schedule();
    if (this.done < perTurn && !this.waiting.size) {
      this.done += 1;
      work();
      return false;
    }
    const queue = this.waiting.get(source);
    if (queue) queue.add(work);
    else this.waiting.set(source, new Set([work]));
    return true;
  }

  /** Drops work that waits: without this, the process would keep all streams of a peer that opens and resets them. */
  forget(source: Source, work: () => void): void {
    const queue = this.waiting.get(source);
    queue?.delete(work);
    if (!queue?.size) this.waiting.delete(source);
  }

  private schedule(): void {
    this.isScheduled = true;
    setImmediate(() => this.turn());
  }

  private turn(): void {
    this.isScheduled = false;
    for (this.done = 0; this.done < perTurn && this.waiting.size; ) this.rotate();
    if (this.waiting.size) this.schedule();
    else this.done = 0;
  }

  /** Does one piece for each source, until the turn is over. */
  private rotate(): void {
    for (const [source, queue] of this.waiting) {
      if (this.done >= perTurn) return;
      const [work] = queue;
      this.waiting.delete(source);
      if (!work) continue;
      queue.delete(work);
      if (queue.size) this.waiting.set(source, queue); // at the end of the rotation
      this.done += 1;
      work();
    }
  }
}
