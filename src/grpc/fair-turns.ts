/** Pieces of work that one turn of the event loop does: some milliseconds. */
const perTurn = 64;

/**
 * Does work at once while there is little, and else some of it in each turn of the event loop, one piece for each source
 * in rotation: a source that brings much delays itself more than the others.
 */
export class FairTurns<Source extends object> {
  private readonly waiting = new Map<Source, (() => void)[]>();
  private done = 0;
  private isScheduled = false;

  do(source: Source, work: () => void): void {
    if (!this.isScheduled) this.schedule();
    if (this.done < perTurn && !this.waiting.size) {
      this.done += 1;
      return work();
    }
    const queue = this.waiting.get(source);
    if (queue) queue.push(work);
    else this.waiting.set(source, [work]);
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
      const work = queue.shift();
      this.waiting.delete(source);
      if (queue.length) this.waiting.set(source, queue); // at the end of the rotation
      this.done += 1;
      work?.();
    }
  }
}
