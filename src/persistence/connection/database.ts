import { performance } from "node:perf_hooks";
import { Mutex } from "async-mutex";
import type { Logger } from "pino";
import type { DataSource } from "typeorm";
import { refuse } from "../../domain/errors";
import { Checkpointer } from "./checkpointer";
import { type ConnectionLimits, type ServerConnections, openMysql, openSqlite } from "./data-source";
import { DatabaseTrouble, troubleOf } from "./database-trouble";
import { type DatabaseUrl, type MysqlUrl, describeDatabaseUrl } from "./database-url";
import { migrate } from "../migrations/migrate";
import { OutageLog } from "./outage-log";
import { plainTextWarning } from "./plain-text";
import { schemaState } from "../migrations/schema-state";
import { ServerTls } from "./server-tls";
import { type Observe, observeStatements } from "./statements";
import { untilAborted } from "./until-aborted";

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

/** Codes of connections that cannot be made because the server's TLS has changed since the pool was opened. */
const changedTls = new Set<unknown>(["HANDSHAKE_NO_SSL_SUPPORT", "ER_SECURE_TRANSPORT_REQUIRED"]);

/** The database as the service lives with it: it may be away at the start, go away, and come back. */
export class Database {
  /** SQLite has one connection: everything on it goes through here, one after the other. */
  private readonly gate = new Mutex();
  private readonly stopping = new AbortController();
  private readonly outage: OutageLog;
  private current: DataSource | undefined;
  private checkpointer: Checkpointer | undefined;
  private mustReopen = false;
  private isPlainTextReported = false;
  private nextComplaint = 0;
  private life: Promise<void> | undefined;
  private wake: () => void = () => undefined;
  private tell: () => void = () => undefined;
  private readonly firstOutcome = new Promise<void>((resolve) => (this.tell = resolve));

  constructor(private readonly options: DatabaseOptions) {
    this.outage = new OutageLog(options.log, { database: describeDatabaseUrl(options.url) });
  }

  /** An embedded database is open when this resolves, or it throws; any other is looked for from now on. */
  async start(): Promise<void> {
    const { url, onAvailable } = this.options;
    if (url.kind === "mysql") {
      this.life = this.live(url);
      return;
    }
    this.current = await this.prepared(await openSqlite(url, { hasCheckpointer: url.file !== ":memory:" }));
    if (url.file !== ":memory:")
      this.checkpointer = new Checkpointer(url.file, (work) => this.gate.runExclusive(work), this.options.log);
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

  /** Returns why there is no database, once that is known or after so many milliseconds; undefined if there is one. */
  async trouble(milliseconds: number): Promise<string | undefined> {
    if (this.options.url.kind === "sqlite") return undefined;
    const limit = AbortSignal.any([AbortSignal.timeout(milliseconds), this.stopping.signal]);
    await untilAborted(this.firstOutcome, limit).catch(() => undefined);
    if (this.available()) return undefined;
    return this.outage.cause ?? "There has been no response yet, and the log will say why.";
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
    const { code } = (cause ?? {}) as { code?: unknown };
    if (changedTls.has(code)) this.mustReopen = true;
    this.wake();
    const now = performance.now();
    if (cause === undefined || now < this.nextComplaint) return;
    this.nextComplaint = now + checkInterval;
    this.options.log.warn({ err: cause }, "a statement failed");
  }

  /** Gives up whatever is waited for, and ends a migration after its statement under way. */
  stop(): void {
    this.stopping.abort();
    this.wake();
  }

  async close(): Promise<void> {
    this.stop();
    await this.life;
    await this.checkpointer?.close();
    await this.gate.runExclusive(async () => {
      const { current } = this;
      this.current = undefined;
      await current?.destroy();
    });
  }

  private async live(url: MysqlUrl): Promise<void> {
    const { log, onLost } = this.options;
    const { signal } = this.stopping;
    const tls = new ServerTls(url, (fault) => log.warn(`Changed files for TLS cannot be used: ${fault}`));
    this.warnOfPlainText(plainTextWarning(url));
    for (let failures = 0; !signal.aborted; failures += 1) {
      let opened: ServerConnections | undefined;
      try {
        opened = await untilAborted(openMysql(url, this.options, tls), signal, closeAll);
        await this.enter(opened);
        failures = 0;
        do await this.pause(checkInterval);
        while (!this.mustReopen && (await untilAborted(opened.monitor.check(), signal)));
      } catch (error) {
        if (!signal.aborted) this.outage.begin(opened ? troubleOf(error, opened.attempt) : error);
      }
      this.tell();
      opened?.monitor.close();
      if (signal.aborted) return;
      onLost();
      const lost = this.current;
      this.current = undefined;
      void lost?.destroy().catch(() => undefined);
      await this.pause(Math.min(longestPause, 100 * 2 ** failures) * (0.5 + Math.random() / 2));
    }
  }

  private async enter({ dataSource, monitor, attempt: { isEncrypted } }: ServerConnections): Promise<void> {
    const { url, log, onAvailable } = this.options;
    this.current = await this.prepared(dataSource);
    await untilAborted(onAvailable(), this.stopping.signal);
    this.mustReopen = false;
    this.outage.end();
    this.tell();
    if (url.kind === "mysql") this.warnOfPlainText(plainTextWarning(url, isEncrypted));
    log.info({ database: describeDatabaseUrl(url), host: monitor.host, tls: isEncrypted }, "database available");
  }

  private warnOfPlainText(warning: string | undefined): void {
    if (warning === undefined || this.isPlainTextReported) return;
    this.isPlainTextReported = true;
    this.options.log.warn(warning);
  }

  private async prepared(dataSource: DataSource): Promise<DataSource> {
    const { signal } = this.stopping;
    try {
      if (this.options.migrate)
        await migrate(dataSource, { signal, onWait: (sentence) => this.wait(sentence), patience: 500 });
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

  /** Another process is waited for. */
  private wait(sentence: string): void {
    this.outage.begin(new DatabaseTrouble(sentence));
    this.tell();
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.stopping.signal.aborted) return resolve();
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function closeAll({ dataSource, monitor }: ServerConnections): Promise<void> {
  monitor.close();
  return dataSource.destroy();
}
