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

/** A connection, as a rule, over which calls arrive. Admission shares places for calls among sources. */
export interface CallSource {
  /** Number of calls that run. Admission counts them. */
  runningCalls: number;
}

/** A call that needs a place. */
export interface Applicant extends Cancellation {
  readonly source: CallSource;
}

/** The part of all places that is left to sources without a running call. */
const reservedPart = 1 / 8;

/** The time in milliseconds after which a full queue may have room. */
const queueRetry = 250;

/** The refusal for calls that find the queue full. Created once, because thousands may arrive in a second. */
export const queueFull = refuse.overloaded("queue", queueRetry);

/**
 * Limits the calls that run at the same time and those that wait, so that admitted calls are answered soon, and refuses
 * further calls before they cost anything. A source without a running call gets the next place, and some places are left
 * to such sources: a source with many long calls delays mostly itself. Not a library's queue, which costs every call several
 * promises and keeps cancelled calls.
 */
export class Admission {
  /** Sends the refusals of calls that found the queue full. */
  readonly refusals = new Throttle();
  private running = 0;
  /** The calls that wait, in order of arrival, of each source in rotation. */
  private readonly waiting = new Map<CallSource, Set<() => void>>();
  private queued = 0;
  /** The places that sources with running calls may take. */
  private readonly shared: number;
  private readonly rates: RateLimiterMemory | undefined;

  constructor(private readonly options: AdmissionOptions) {
    const { rate, concurrency } = options;
    this.shared = concurrency - Math.floor(concurrency * reservedPart);
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
  admit(call: Applicant): Promise<void> | undefined {
    if (call.isCancelled) throw new Error("cancelled before its turn");
    const { source } = call;
    if (this.hasPlaceFor(source)) {
      this.start(source);
      return undefined;
    }
    if (this.full(source)) throw queueFull;
    return new Promise((resolve, reject) => {
      const next = () => {
        call.onCancel(undefined);
        resolve();
      };
      this.enqueue(source, next);
      call.onCancel(() => {
        this.dequeue(source, next);
        reject(new Error("cancelled before its turn"));
      });
    });
  }

  /** Ends the turn of a call, and begins that of the next one. */
  release({ source }: Applicant): void {
    this.running -= 1;
    source.runningCalls -= 1;
    if (!this.queued) return;
    const next = this.nextSource();
    const [begin] = (next && this.waiting.get(next)) ?? [];
    if (!next || !begin) return;
    this.dequeue(next, begin);
    this.start(next);
    begin();
  }

  /** Returns whether a call of the source that arrived now would be refused. */
  full(source: CallSource): boolean {
    return this.queued >= this.options.queue && !this.hasPlaceFor(source);
  }

  /** Returns the number of running and of waiting calls, and the limit of each. */
  load(): Pick<AdmissionOptions, "concurrency" | "queue"> & { readonly running: number; readonly queued: number } {
    const { concurrency, queue } = this.options;
    return { concurrency, queue, running: this.running, queued: this.queued };
  }

  private hasPlaceFor({ runningCalls }: CallSource): boolean {
    return this.running < (runningCalls ? this.shared : this.options.concurrency);
  }

  private start(source: CallSource): void {
    this.running += 1;
    source.runningCalls += 1;
  }

  private enqueue(source: CallSource, next: () => void): void {
    const queue = this.waiting.get(source);
    if (queue) queue.add(next);
    else this.waiting.set(source, new Set([next]));
    this.queued += 1;
  }

  /** Removes a call that waits. The other calls of its source wait behind those of other sources. */
  private dequeue(source: CallSource, next: () => void): void {
    const queue = this.waiting.get(source);
    if (!queue?.delete(next)) return;
    this.queued -= 1;
    this.waiting.delete(source);
    if (queue.size) this.waiting.set(source, queue);
  }

  /** Returns the first source that has no running call, else the first one, if there is a place for it. */
  private nextSource(): CallSource | undefined {
    const [first] = this.waiting.keys();
    for (const source of this.waiting.keys()) if (!source.runningCalls) return source;
    return first && this.hasPlaceFor(first) ? first : undefined;
  }

  private async checkRate(rates: RateLimiterMemory, caller: Caller): Promise<void> {
    try {
      await rates.consume(caller.name);
    } catch (error) {
      throw error instanceof RateLimiterRes ? refuse.overloaded("rate_limit", error.msBeforeNext) : error;
    }
  }
}
