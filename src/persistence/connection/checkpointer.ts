import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import Libsql from "libsql/promise";
import type { Logger } from "pino";

/** Size of the log in bytes above which its content is moved into the file. */
const longLog = 4 * 1024 * 1024;

/**
 * Pragmas of the connection that writes, beside a checkpointer. SQLite cuts a longer log to `longLog` when the log
 * begins anew. A commit moves the log's content only if the checkpointer has not done so for 64 MiB.
 */
export const leaveCheckpoints = [`journal_size_limit = ${longLog}`, "wal_autocheckpoint = 16384"] as const;

/** Milliseconds between two checks of the log, and after a check that could not move everything. */
const checkInterval = 100;
const retryInterval = 1000;

/** The result of a checkpoint: the pages in the log, and how many of them are in the file. */
interface Outcome {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** Runs work while no other work uses the database. */
export type Exclusively = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Moves committed pages from the log of an SQLite file into the file, over a connection of its own whose statements run
 * in a thread of the driver. A commit that moves them blocks the event loop for as long as the disk takes.
 */
export class Checkpointer {
  private readonly stopping = new AbortController();
  private readonly life: Promise<void>;
  private connection: Libsql | undefined;
  private isFailing = false;
  private moved = 0;

  constructor(
    private readonly file: string,
    private readonly exclusively: Exclusively,
    private readonly log: Logger,
  ) {
    this.life = this.live();
  }

  /** Resolves after a last checkpoint, which leaves an empty log if no other process reads the file. */
  async close(): Promise<void> {
    this.stopping.abort();
    await this.life;
    await this.attempt(() => this.exclusively(() => this.checkpoint("TRUNCATE")));
    this.connection?.close();
  }

  private async live(): Promise<void> {
    for (let pause = checkInterval; await this.sleepUnlessStopped(pause); )
      pause = (await this.attempt(() => this.check())) ? checkInterval : retryInterval;
  }

  private async check(): Promise<boolean> {
    const { size, mtimeMs } = statSync(`${this.file}-wal`, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
    if (size <= longLog || mtimeMs === this.moved) return true;
    const isDone = await this.moveAll();
    if (isDone) this.moved = mtimeMs;
    return isDone;
  }

  /**
   * Moves all pages, and those written during that once more while nobody writes: the log begins anew only after all of
   * it was moved.
   */
  private async moveAll(): Promise<boolean> {
    if (!isComplete(await this.checkpoint("PASSIVE"))) return false;
    return isComplete(await this.exclusively(() => this.checkpoint("PASSIVE")));
  }

  private async checkpoint(mode: "PASSIVE" | "TRUNCATE"): Promise<Outcome> {
    this.connection ??= new Libsql(this.file, { timeout: 0 });
    const statement = await this.connection.prepare(`PRAGMA wal_checkpoint(${mode})`);
    const [outcome]: Outcome[] = await statement.all();
    this.isFailing = false;
    return outcome ?? { busy: 1, log: 0, checkpointed: 0 };
  }

  private async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      return Boolean(await work());
    } catch (error) {
      if (!this.isFailing) this.log.warn({ err: error }, "the log of the database cannot be moved into its file");
      this.isFailing = true;
      return false;
    }
  }

  private sleepUnlessStopped(milliseconds: number): Promise<boolean> {
    const options = { signal: this.stopping.signal, ref: false };
    return sleep(milliseconds, true, options).catch(() => false);
  }
}

const isComplete = ({ busy, log, checkpointed }: Outcome) => !busy && log === checkpointed;
