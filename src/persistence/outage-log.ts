import { performance } from "node:perf_hooks";
import type { Logger } from "pino";
import { DatabaseTrouble } from "./database-trouble";

/** Milliseconds after which an outage that goes on is in the log again. */
const interval = 60_000;

/** Reports an outage once for each cause and then once a minute, however often the database is tried. */
export class OutageLog {
  private nextReport = 0;
  private current: string | undefined;

  constructor(
    private readonly log: Logger,
    private readonly where: object,
  ) {}

  /** The cause of the outage under way. */
  get cause(): string | undefined {
    return this.current;
  }

  begin(error: unknown): void {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    const now = performance.now();
    const isKnown = message === this.current && now < this.nextReport;
    this.current = message;
    if (isKnown) return;
    this.nextReport = now + interval;
    // the properties of a driver's error may contain values
    const details = error instanceof DatabaseTrouble ? causeOf(error) : { error: { type: name, stack } };
    this.log.warn({ ...this.where, reason: message, ...details }, "database unavailable");
  }

  end(): void {
    this.current = undefined;
  }
}

/** Returns the driver's own words, which others know too. */
function causeOf({ cause }: DatabaseTrouble): object {
  return cause instanceof Error ? { cause: cause.message || (cause as NodeJS.ErrnoException).code } : {};
}
