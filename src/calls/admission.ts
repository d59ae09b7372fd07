import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../domain/authorization";
import { refuse } from "../domain/errors";
import { Throttle } from "./throttle";

export interface AdmissionOptions {
  /** Calls at work at once. */
  readonly concurrency: number;
  /** Calls that wait for their turn. */
  readonly queue: number;
  /** Calls in a second that one credential may make; 0: any number. */
  readonly rate: number;
}

/** Whether a call's caller has given it up, and who is to be told when it does. */
export interface Cancellation {
  readonly isCancelled: boolean;
  onCancel(listener: (() => void) | undefined): void;
}

/** Milliseconds after which a queue that was full may have room. */
const queueRetry = 250;

/** What calls are told that find the queue full: made once, because thousands may come in a second. */
export const queueFull = refuse.overloaded("queue", queueRetry);

/**
 * Lets so many calls in that those that are in are answered soon, and refuses the others before they cost anything. On
 * the way of every call: a library's queue costs each of them several promises, and keeps those that were given up.
 */
export class Admission {
  /** Of calls that found the queue full. */
  readonly refusals = new Throttle();
  private running = 0;
  /** In order of arrival. */
  private readonly waiting = new Set<() => void>();
  private readonly rates: RateLimiterMemory | undefined;

  constructor(private readonly options: AdmissionOptions) {
    const { rate } = options;
    this.rates = rate ? new RateLimiterMemory({ points: rate, duration: 1 }) : undefined;
  }

  /** Counts a call of the caller, whatever becomes of it; throws or rejects where the rate does not allow it. */
  count(caller: Caller): Promise<void> | undefined {
    return this.rates && this.checkRate(this.rates, caller);
  }

  /**
   * Waits for the call's turn, which `release` ends: undefined where it is now. Throws or rejects where the queue is full,
   * or the call is given up before.
   */
  admit(abandonment: Cancellation): Promise<void> | undefined {
    if (abandonment.isCancelled) throw new Error("given up before its turn");
    if (this.running < this.options.concurrency) {
      this.running += 1;
      return undefined;
    }
    if (this.full()) throw queueFull;
    return new Promise((resolve, reject) => {
      const next = () => {
        abandonment.onCancel(undefined);
        resolve();
      };
      this.waiting.add(next);
      abandonment.onCancel(() => {
        this.waiting.delete(next);
        reject(new Error("given up before its turn"));
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

  /** Whether a call that came now would be refused. */
  full(): boolean {
    return this.running >= this.options.concurrency && this.waiting.size >= this.options.queue;
  }

  /** Calls at work and calls that wait, and how many of each there may be. */
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
