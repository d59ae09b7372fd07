import type { Logger } from "pino";

/** Milliseconds that one line speaks for. */
const interval = 1000;

/** Says that calls are being refused for lack of room, in one line a second: a line for each would take room too. */
export class OverloadLog {
  private refused = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly log: Logger) {}

  add(): void {
    this.refused += 1;
    this.timer ??= setTimeout(() => this.flush(), interval);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.refused)
      this.log.warn({ code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED", refused: this.refused }, "calls");
    this.refused = 0;
  }
}
