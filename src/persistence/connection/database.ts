import { performance } from "node:perf_hooks";
import type { Logger } from "pino";
import type { DataSource } from "typeorm";
import { refuse } from "../../domain/errors";
import { migrate } from "../migrations/migrate";
import { schemaState } from "../migrations/schema-state";
import type { ConnectionLimits } from "./data-source";
import type { DatabaseAccess } from "./database-access";
import { DatabaseTrouble } from "./database-trouble";
import { OutageLog } from "./outage-log";
import { type Observe, observeStatements } from "./statements";
import { untilAborted } from "./until-aborted";

export interface DatabaseOptions extends ConnectionLimits {
  readonly migrate: boolean;
  readonly log: Logger;
  /** Awaited whenever the database has become available. A failure counts as an outage. */
  readonly onAvailable: () => Promise<void>;
  readonly onLost: () => void;
  /** Absent if nothing observes statements. */
  readonly observe?: Observe | undefined;
}

/** The connections of a pool, by what they do. */
export interface PoolState {
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
  readonly limit: number;
}

/** Milliseconds between two warnings of failed statements. */
const complaintInterval = 1000;

/** The database as the service uses it, whatever the engine: available or not, from the start until it is closed. */
export abstract class Database implements DatabaseAccess {
  protected readonly stopping = new AbortController();
  protected readonly outage: OutageLog;
  protected current: DataSource | undefined;
  private nextComplaint = 0;

  protected constructor(
    protected readonly options: DatabaseOptions,
    description: string,
  ) {
    this.outage = new OutageLog(options.log, { database: description });
  }

  /** Opens an embedded database or throws; begins to look for any other. */
  abstract start(): Promise<void>;

  abstract use<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T>;

  /** Returns why there is no database, once that is known or after so many milliseconds; undefined if there is one. */
  abstract trouble(milliseconds: number): Promise<string | undefined>;

  /** Returns the connections to a server; undefined while there is none, and for an embedded database. */
  abstract pool(): PoolState | undefined;

  abstract close(): Promise<void>;

  /** Returns whether the database is available now. */
  available(): boolean {
    return this.current !== undefined;
  }

  /** Logs the cause once a second at most. */
  suspect(cause: unknown): void {
    const now = performance.now();
    if (cause === undefined || now < this.nextComplaint) return;
    this.nextComplaint = now + complaintInterval;
    this.options.log.warn({ err: cause }, "a statement failed");
  }

  /** Ends all waiting, and a migration after its statement under way. */
  stop(): void {
    this.stopping.abort();
  }

  protected async run<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    if (!this.current) throw refuse.databaseUnavailable();
    return work(this.current);
  }

  /** Migrates the database if that is set, checks its schema, and closes it again if either fails. */
  protected async prepare(dataSource: DataSource): Promise<DataSource> {
    const { signal } = this.stopping;
    try {
      if (this.options.migrate)
        await migrate(dataSource, { signal, onWait: (sentence) => this.noteWait(sentence), patience: 500 });
      const { pending, unknown } = await untilAborted(schemaState(dataSource), signal);
      if (unknown.length) this.options.log.warn({ migrations: unknown }, "a newer version has migrated the database");
      if (pending.length) throw new DatabaseTrouble(`the database lacks ${pending.join(", ")}: run npm run migrate`);
      if (this.options.observe) observeStatements(dataSource, this.options.observe);
      return dataSource;
    } catch (error) {
      await untilAborted(dataSource.destroy(), signal).catch(() => undefined);
      throw error;
    }
  }

  /** Reports that the database waits for another process. */
  protected noteWait(sentence: string): void {
    this.outage.begin(new DatabaseTrouble(sentence));
  }
}
