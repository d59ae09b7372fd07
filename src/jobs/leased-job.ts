import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Lease } from "../application/ports/lease";

/** Work that one process at a time does again and again, and that may stop anywhere. */
export abstract class LeasedJob {
  private readonly stopping = new AbortController();
  private life: Promise<void> | undefined;

  protected constructor(
    private readonly lease: Lease,
    protected readonly log: Logger,
    /** Begins the messages in the log. */
    private readonly title: string,
    /** Milliseconds between two passes. */
    private readonly interval: number,
  ) {}

  /** Does everything that there is to do now. Returns how much that was. */
  abstract pass(): Promise<number>;

  /** Returns whether a pass may have something to do. Called before the lease is taken. */
  protected async isDue(): Promise<boolean> {
    return true;
  }

  start(): void {
    this.life = this.live();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.life;
  }

  protected get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Keeps the lease and leaves room for others. A pass calls it between two pieces of work. */
  protected async rest(milliseconds: number): Promise<void> {
    await this.lease.beat();
    await this.sleep(milliseconds);
  }

  private async live(): Promise<void> {
    while (!this.isStopped) {
      try {
        if ((await this.isDue()) && (await this.lease.take())) await this.passAndRelease();
      } catch (error) {
        this.log.debug({ err: error }, `${this.title} postponed`);
      }
      await this.sleep(this.interval);
    }
  }

  private async passAndRelease(): Promise<void> {
    try {
      const done = await this.pass();
      if (done) this.log.info({ done }, `${this.title} pass`);
    } finally {
      await this.lease.release();
    }
  }

  private sleep(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }
}
