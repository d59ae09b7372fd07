/** Milliseconds that one line covers. */
const interval = 1000;

/** Logs events that may happen thousands of times a second: one line per second for each kind, with its count. */
export class CountedLog<Kind extends string> {
  private readonly counts = new Map<Kind, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly write: (kind: Kind, count: number) => void) {}

  add(kind: Kind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.timer ??= setTimeout(() => this.flush(), interval);
  }

  /** Writes the counts since the last line. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [kind, count] of this.counts) this.write(kind, count);
    this.counts.clear();
  }
}
