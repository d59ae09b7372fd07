import type { Logger } from "pino";
import type { CallRecord } from "../calls/call-record";
import type { Metrics } from "./metrics";

/** Milliseconds that records wait. */
const delay = 10;

/** Counts and logs the calls of ten milliseconds together, after their responses were sent. */
export class CallLog {
  private records: CallRecord[] = [];

  constructor(
    private readonly metrics: Metrics,
    private readonly log: Logger,
  ) {}

  add(record: CallRecord): void {
    if (this.records.push(record) === 1) setTimeout(() => this.flush(), delay);
  }

  /** Counts and logs all waiting records. */
  flush(): void {
    const { records } = this;
    this.records = [];
    for (const record of records) {
      this.metrics.countCall(record);
      this.log.info(record, "call");
    }
  }
}
