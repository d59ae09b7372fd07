/** The time in milliseconds between two portions of work. */
const tick = 10;
/** Work per tick: 200 in a second, which take about a fiftieth of the time of a process. */
const perTick = 2;

/**
 * Runs work immediately while there is little, and at a limited rate while there is much. Refusing a call costs nearly as much
 * as reading it: callers that retry immediately, thousands in a second, would leave no time for running calls. Refused
 * callers keep their streams while they wait, so that their clients send less.
 */
export class Throttle {
  private readonly waiting = new Set<() => void>();
  private left = perTick;
  private timer: NodeJS.Timeout | undefined;

  run(work: () => void): void {
    this.timer ??= setInterval(() => this.next(), tick);
    if (this.left > 0 && !this.waiting.size) {
      this.left -= 1;
      work();
    } else this.waiting.add(work);
  }

  /** Cancels work that waits, and returns whether it waited. */
  cancel(work: () => void): boolean {
    return this.waiting.delete(work);
  }

  /** Runs everything that waits. */
  flush(): void {
    for (const work of this.takeFirst(this.waiting.size)) work();
  }

  private next(): void {
    const due = this.takeFirst(perTick);
    this.left = perTick - due.length;
    for (const work of due) work();
    if (due.length) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Removes and returns the first of the work that waits. */
  private takeFirst(most: number): (() => void)[] {
    const works = [];
    for (const work of this.waiting) {
      if (works.length === most) break;
      works.push(work);
      this.waiting.delete(work);
    }
    return works;
  }
}
