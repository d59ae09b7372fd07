import type { Logger } from "pino";
import type { Ended } from "../grpc/unary";
import type { Metrics } from "./metrics";

/** Counts and logs each call once the turn of the event loop is over that it ended in: its answer goes out first. */
export class CallRecords {
  private ended: Ended[] = [];

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Logger,
  ) {}

  add(ended: Ended): void {
    if (this.ended.push(ended) === 1) setImmediate(() => this.flush());
  }

  private flush(): void {
    const { ended } = this;
    this.ended = [];
    for (const one of ended) {
      this.metrics.ended(one);
      this.log.info(one, "call");
    }
  }
}
