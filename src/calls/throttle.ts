/** Milliseconds. */
const tick = 10;
/** In a tick: 200 a second, which take about a fiftieth of a process's time. */
const perTick = 2;

/**
 * Does things at once while they are few, and one after the other at a bounded pace when they are many. Refusing a call
 * costs nearly as much as reading it: callers that come back at once, thousands in a second, would leave no time for
 * those that are at work. While they wait they keep their streams, so that their clients hold back too.
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

  /** Returns whether the work waited, which is not done then: whoever it was for has gone, and nothing is to be kept. */
  cancel(work: () => void): boolean {
    return this.waiting.delete(work);
  }

  /** Everything that waits, at once. */
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

  /** The first of those that wait, which wait no longer. */
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
