import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Database } from "../persistence/connection/database";
import { Lease, type Run } from "../persistence/lease";

/** Work that one process at a time does, again and again, and that may stop anywhere. */
export abstract class Job {
  private readonly stopping = new AbortController();
  private readonly lease: Lease;
  private life: Promise<void> | undefined;

  protected constructor(
    protected readonly database: Database,
    protected readonly log: Logger,
    private readonly name: string,
    /** Milliseconds between two passes. */
    private readonly interval: number,
  ) {
    this.lease = new Lease(this.run, name);
  }

  /** One pass over everything that is there to do. Answers how much it did. */
  abstract pass(): Promise<number>;

  /** Whether a pass may have something to do; asked before the lease is taken. */
  protected async due(): Promise<boolean> {
    return true;
  }

  start(): void {
    this.life = this.live();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.life;
  }

  protected get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  protected readonly run: Run = (work) => this.database.use((dataSource) => work(dataSource.manager));

  /** To be called between two pieces of work: keeps the lease, and leaves room for others. */
  protected async rest(milliseconds: number): Promise<void> {
    await this.lease.beat();
    await this.sleep(milliseconds);
  }

  private async live(): Promise<void> {
    while (!this.stopped) {
      try {
        if ((await this.due()) && (await this.lease.take())) await this.underLease();
      } catch (error) {
        this.log.debug({ err: error }, `${this.name} put off`);
      }
      await this.sleep(this.interval);
    }
  }

  private async underLease(): Promise<void> {
    try {
      const done = await this.pass();
      if (done) this.log.info({ done }, `${this.name} pass`);
    } finally {
      await this.lease.release();
    }
  }

  private sleep(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }
}
