/** Milliseconds. */
const tick = 10;
/** In a tick: 200 a second, which take about a fiftieth of a process's time. */
const perTick = 2;

/**
 * Does things at once while they are few, and one after the other at a bounded pace when they are many. Refusing a call
 * costs nearly as much as reading it: callers that come back at once, thousands in a second, would leave no time for
 * those that are at work. While they wait they keep their streams, so that their clients hold back too.
 */
export class Pace {
  private readonly waiting: (() => void)[] = [];
  private left = perTick;
  private timer: NodeJS.Timeout | undefined;

  do(work: () => void): void {
    this.timer ??= setInterval(() => this.next(), tick);
    if (this.left > 0 && !this.waiting.length) {
      this.left -= 1;
      work();
    } else this.waiting.push(work);
  }

  /** Everything that waits, at once. */
  flush(): void {
    for (const work of this.waiting.splice(0)) work();
  }

  private next(): void {
    const due = this.waiting.splice(0, perTick);
    this.left = perTick - due.length;
    for (const work of due) work();
    if (due.length) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
