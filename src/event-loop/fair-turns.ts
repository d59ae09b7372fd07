/** Pieces of work that one turn of the event loop does: some milliseconds. */
const perTurn = 64;

/**
 * Does work at once while there is little, and else some of it in each turn of the event loop, one piece for each source
 * in rotation: a source that brings much delays itself more than the others.
 */
export class FairTurns<Source extends object> {
  private readonly waiting = new Map<Source, Set<() => void>>();
  private done = 0;
  private isScheduled = false;

  /** Returns whether the work has to wait. */
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

  /** Drops work that waits: a peer that opens and resets streams would have the process keep all of them. */
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

  /** One piece for each source, as far as the turn goes. */
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
