import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../domain/authorization";
import { refuse } from "../domain/errors";
import { Throttle } from "./throttle";

export interface AdmissionOptions {
  /** The number of calls that run at the same time. */
  readonly concurrency: number;
  /** The number of calls that may wait for their turn. */
  readonly queue: number;
  /** The number of calls per second that one credential may make; 0 means no limit. */
  readonly rate: number;
}

/** Tells whether the caller has cancelled the call. */
export interface Cancellation {
  readonly isCancelled: boolean;
  onCancel(listener: (() => void) | undefined): void;
}

/** The time in milliseconds after which a full queue may have room. */
const queueRetry = 250;

/** The refusal for calls that find the queue full. Created once, because thousands may arrive in a second. */
export const queueFull = refuse.overloaded("queue", queueRetry);

/**
 * Limits the calls that run at the same time and those that wait, so that admitted calls are answered soon, and refuses
 * further calls before they cost anything. Not a library's queue, which costs every call several promises and keeps
 * cancelled calls.
 */
export class Admission {
  /** Sends the refusals of calls that found the queue full. */
  readonly refusals = new Throttle();
  private running = 0;
  /** The calls that wait, in order of arrival. */
  private readonly waiting = new Set<() => void>();
  private readonly rates: RateLimiterMemory | undefined;

  constructor(private readonly options: AdmissionOptions) {
    const { rate } = options;
    this.rates = rate ? new RateLimiterMemory({ points: rate, duration: 1 }) : undefined;
  }

  /** Counts a call of the caller. Throws or rejects with OVERLOADED above the rate. */
  count(caller: Caller): Promise<void> | undefined {
    return this.rates && this.checkRate(this.rates, caller);
  }

  /**
   * Waits for the call's turn, which `release` ends. Returns undefined if the turn is now. Throws if the queue is full, and
   * rejects if the caller cancels the call before its turn.
   */
  admit(cancellation: Cancellation): Promise<void> | undefined {
    if (cancellation.isCancelled) throw new Error("cancelled before its turn");
    if (this.running < this.options.concurrency) {
      this.running += 1;
      return undefined;
    }
    if (this.full()) throw queueFull;
    return new Promise((resolve, reject) => {
      const next = () => {
        cancellation.onCancel(undefined);
        resolve();
      };
      this.waiting.add(next);
      cancellation.onCancel(() => {
        this.waiting.delete(next);
        reject(new Error("cancelled before its turn"));
      });
    });
  }

  release(): void {
    const [next] = this.waiting;
    if (!next) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }

  /** Returns whether a call that arrived now would be refused. */
  full(): boolean {
    return this.running >= this.options.concurrency && this.waiting.size >= this.options.queue;
  }

  /** Returns the number of running and of waiting calls, and the limit of each. */
  load(): Pick<AdmissionOptions, "concurrency" | "queue"> & { readonly running: number; readonly queued: number } {
    const { concurrency, queue } = this.options;
    return { concurrency, queue, running: this.running, queued: this.waiting.size };
  }

  private async checkRate(rates: RateLimiterMemory, caller: Caller): Promise<void> {
    try {
      await rates.consume(caller.name);
    } catch (error) {
      throw error instanceof RateLimiterRes ? refuse.overloaded("rate_limit", error.msBeforeNext) : error;
    }
  }
}
