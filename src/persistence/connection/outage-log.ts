import { performance } from "node:perf_hooks";
import type { Logger } from "pino";
import { Fault } from "../../domain/fault";
import { DatabaseTrouble } from "./database-trouble";
import { explanationOf } from "../../display/database-error-codes";

/** Milliseconds after which a continuing outage is logged again. */
const interval = 60_000;

/** Logs an outage once for each cause and then once a minute, however many attempts fail. */
export class OutageLog {
  private nextReport = 0;
  private current: string | undefined;

  constructor(
    private readonly log: Logger,
    private readonly where: object,
  ) {}

  /** The cause of the current outage. */
  get cause(): string | undefined {
    return this.current;
  }

  begin(error: unknown): void {
    const message =
      error instanceof Fault
        ? error.message
        : ((error instanceof Error ? explanationOf(error) : undefined) ?? "an unexpected error");
    const now = performance.now();
    const isKnown = message === this.current && now < this.nextReport;
    this.current = message;
    if (isKnown) return;
    this.nextReport = now + interval;
    const err = error instanceof DatabaseTrouble ? error.cause : error;
    this.log.warn({ ...this.where, reason: message, ...(err !== undefined && { err }) }, "database unavailable");
  }

  end(): void {
    this.current = undefined;
  }
}
