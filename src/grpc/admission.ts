import { type BulkheadPolicy, BulkheadRejectedError, bulkhead } from "cockatiel";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../domain/authorization";
import { refuse } from "../domain/errors";

export interface AdmissionOptions {
  /** Calls at work at once. */
  readonly concurrency: number;
  /** Calls that wait for their turn. */
  readonly queue: number;
  /** Calls in a second that one credential may make; 0: any number. */
  readonly rate: number;
}

/** Milliseconds after which a queue that was full may have room. */
const queueRetry = 250;

/** What calls are told that find the queue full: made once, because thousands may come in a second. */
export const queueFull = refuse.overloaded("queue", queueRetry);

/** Lets so many calls in that those that are in are answered soon, and refuses the others before they cost anything. */
export class Admission {
  private readonly bulkhead: BulkheadPolicy;
  private readonly rates: RateLimiterMemory | undefined;

  constructor(private readonly options: AdmissionOptions) {
    const { concurrency, queue, rate } = options;
    this.bulkhead = bulkhead(concurrency, queue);
    this.rates = rate ? new RateLimiterMemory({ points: rate, duration: 1 }) : undefined;
  }

  /** Runs `work` in its turn. Of a call that its caller has given up before, nothing is done. */
  async admit<T>(caller: Caller, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.rates) await this.checkRate(this.rates, caller);
    try {
      return await this.bulkhead.execute(work, signal);
    } catch (error) {
      throw error instanceof BulkheadRejectedError ? queueFull : error;
    }
  }

  /** Whether a call that came now would be refused. */
  full(): boolean {
    return this.bulkhead.executionSlots === 0 && this.bulkhead.queueSlots === 0;
  }

  /** Calls at work and calls that wait, and how many of each there may be. */
  load(): Pick<AdmissionOptions, "concurrency" | "queue"> & { readonly running: number; readonly queued: number } {
    const { concurrency, queue } = this.options;
    const { executionSlots, queueSlots } = this.bulkhead;
    return { concurrency, queue, running: concurrency - executionSlots, queued: queue - queueSlots };
  }

  private async checkRate(rates: RateLimiterMemory, caller: Caller): Promise<void> {
    try {
      await rates.consume(caller.name);
    } catch (error) {
      throw error instanceof RateLimiterRes ? refuse.overloaded("rate_limit", error.msBeforeNext) : error;
    }
  }
}
