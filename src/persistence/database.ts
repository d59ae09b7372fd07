import { performance } from "node:perf_hooks";
import { Mutex } from "async-mutex";
import type { Logger } from "pino";
import type { DataSource } from "typeorm";
import { refuse } from "../domain/errors";
import { Fault } from "../domain/fault";
import { type ConnectionLimits, openMysql, openSqlite } from "./data-source";
import { type DatabaseUrl, type MysqlUrl, describeDatabaseUrl } from "./database-url";
import { migrate, pendingMigrations } from "./migrate";
import type { Monitor } from "./monitor";
import { type Observe, observeStatements } from "./statements";

export interface DatabaseOptions extends ConnectionLimits {
  readonly url: DatabaseUrl;
  readonly migrate: boolean;
  readonly log: Logger;
  /** Awaited whenever the database has come, and tried again when it fails. */
  readonly onAvailable: () => Promise<void>;
  readonly onLost: () => void;
  /** Absent: statements go to the database as they are. */
  readonly observe?: Observe | undefined;
}

/** What use cases need of it. */
export type DatabaseAccess = Pick<Database, "use" | "suspect">;

const checkInterval = 1000;
const longestPause = 2000;

/** The database as the service lives with it: it may be away at the start, go away, and come back. */
export class Database {
  /** SQLite has one connection: everything on it goes through here, one after the other. */
  private readonly gate = new Mutex();
  private current: DataSource | undefined;
  private closing = false;
  private nextComplaint = 0;
  private life: Promise<void> | undefined;
  private wake: () => void = () => undefined;

  constructor(private readonly options: DatabaseOptions) {}

  /** An embedded database is open when this resolves, or it throws; any other is looked for from now on. */
  async start(): Promise<void> {
    const { url, onAvailable } = this.options;
    if (url.kind === "mysql") {
      this.life = this.live(url);
      return;
    }
    this.current = await this.prepared(await openSqlite(url));
    await onAvailable();
  }

  /** Runs `work` on the database, on SQLite alone. Throws DATABASE_UNAVAILABLE at once while there is none. */
  use<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    const run = async () => {
      if (!this.current) throw refuse.databaseUnavailable();
      return work(this.current);
    };
    return this.options.url.kind === "sqlite" ? this.gate.runExclusive(run) : run();
  }

  /** Whether there is a database now. */
  available(): boolean {
    return this.current !== undefined;
  }

  /** The connections to a server; undefined while there is none, and for an embedded database. */
  pool():
    | { readonly open: number; readonly idle: number; readonly waiting: number; readonly limit: number }
    | undefined {
    const { pool } = (this.current?.driver ?? {}) as { pool?: Record<string, { length: number } | undefined> };
    if (!pool) return undefined;
    const count = (list: string) => pool[list]?.length ?? 0; // mysql2 has no public way to ask
    return {
      open: count("_allConnections"),
      idle: count("_freeConnections"),
      waiting: count("_connectionQueue"),
      limit: this.options.poolSize,
    };
  }

  /** A statement failed as if the database were gone: look at once, and say why, once a second at most. */
  suspect(cause: unknown): void {
    this.wake();
    const now = performance.now();
    if (cause === undefined || now < this.nextComplaint) return;
    this.nextComplaint = now + checkInterval;
    this.options.log.warn({ err: cause }, "a statement failed");
  }

  async close(): Promise<void> {
    this.closing = true;
    this.wake();
    await this.life;
    await this.gate.runExclusive(async () => {
      const { current } = this;
      this.current = undefined;
      await current?.destroy();
    });
  }

  private async live(url: MysqlUrl): Promise<void> {
    const { log, onAvailable, onLost } = this.options;
    const where = { database: describeDatabaseUrl(url) };
    for (let failures = 0; !this.closing; failures += 1) {
      let monitor: Monitor | undefined;
      try {
        const opened = await openMysql(url, this.options);
        monitor = opened.monitor;
        this.current = await this.prepared(opened.dataSource);
        await onAvailable();
        failures = 0;
        log.info({ ...where, host: monitor.host }, "database available");
        do await this.pause(checkInterval);
        while (!this.closing && (await monitor.check()));
      } catch (error) {
        log.warn({ ...where, err: error }, "database unavailable");
      }
      monitor?.close();
      if (this.closing) return;
      onLost();
      const lost = this.current;
      this.current = undefined;
      void lost?.destroy().catch(() => undefined);
      await this.pause(Math.min(longestPause, 100 * 2 ** failures) * (0.5 + Math.random() / 2));
    }
  }

  private async prepared(dataSource: DataSource): Promise<DataSource> {
    try {
      if (this.options.migrate) await migrate(dataSource);
      const pending = await pendingMigrations(dataSource);
      if (pending.length) throw new Fault(`the database lacks ${pending.join(", ")}: run npm run migrate`);
      if (this.options.observe) observeStatements(dataSource, this.options.observe);
      return dataSource;
    } catch (error) {
      await dataSource.destroy();
      throw error;
    }
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
