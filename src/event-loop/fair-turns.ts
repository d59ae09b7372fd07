import { Rotation } from "./rotation";

/** Pieces of work in one turn of the event loop: some milliseconds. */
const perTurn = 64;

/**
 * Does work at once while there is little, else some of it in each turn of the event loop, one piece for each source in
 * rotation: a source that brings much work delays itself more than the others.
 */
export class FairTurns<Source extends object> {
  private readonly waiting = new Rotation<Source>();
  private done = 0;
  private isScheduled = false;

  /** Does the work, at once or later. Returns whether it has to wait. */
  do(source: Source, work: () => void): boolean {
    if (!this.isScheduled) this.schedule();
    if (this.done < perTurn && this.waiting.isEmpty) {
      this.done += 1;
      work();
      return false;
    }
    this.waiting.add(source, work);
    return true;
  }

  forget(source: Source, work: () => void): void {
    this.waiting.forget(source, work);
  }

  private schedule(): void {
    this.isScheduled = true;
    setImmediate(() => this.turn());
  }

  private turn(): void {
    this.isScheduled = false;
    for (this.done = 0; this.done < perTurn && !this.waiting.isEmpty; ) {
      this.done += 1;
      this.waiting.take()?.();
    }
    if (this.waiting.isEmpty) this.done = 0;
    else this.schedule();
  }
}
