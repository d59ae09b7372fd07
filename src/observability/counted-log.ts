/** Milliseconds that one line speaks for. */
const interval = 1000;

/** Logs what may happen thousands of times a second: one line a second for each kind, with its count. */
export class CountedLog<Kind extends string> {
  private readonly counts = new Map<Kind, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly write: (kind: Kind, count: number) => void) {}

  add(kind: Kind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.timer ??= setTimeout(() => this.flush(), interval);
  }

  /** Writes what was counted since the last line. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [kind, count] of this.counts) this.write(kind, count);
    this.counts.clear();
  }
}
