import type { Logger } from "pino";
import type { CallRecord } from "../grpc/unary";
import type { Metrics } from "../observability/metrics";

/** Milliseconds. */
const delay = 10;

/** Counts and logs the calls of ten milliseconds together, after their answers have gone out. */
export class CallRecords {
  private ended: CallRecord[] = [];

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Logger,
  ) {}

  add(ended: CallRecord): void {
    if (this.ended.push(ended) === 1) setTimeout(() => this.flush(), delay);
  }

  /** Everything that waits, at once. */
  flush(): void {
    const { ended } = this;
    this.ended = [];
    for (const one of ended) {
      this.metrics.ended(one);
      this.log.info(one, "call");
    }
  }
}
