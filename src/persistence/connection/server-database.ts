import type { DataSource } from "typeorm";
import { Database, type DatabaseOptions, type PoolState } from "./database";
import { troubleOf } from "./database-trouble";
import { type MysqlUrl, describeDatabaseUrl } from "./database-url";
import { type ServerConnections, openServer } from "./open-server";
import { plainTextWarning } from "./plain-text";
import { ServerTls } from "./server-tls";
import { untilAborted } from "./until-aborted";

/** Milliseconds. */
const checkInterval = 1000;
const longestPause = 2000;

/** Codes of connections that fail because the server's TLS has changed since the pool was opened. */
const changedTls = new Set<unknown>(["HANDSHAKE_NO_SSL_SUPPORT", "ER_SECURE_TRANSPORT_REQUIRED"]);

/** A database server, which may be away at the start, go away, and come back. */
export class ServerDatabase extends Database {
  private mustReopen = false;
  private isPlainTextReported = false;
  private life: Promise<void> | undefined;
  private wake: () => void = () => undefined;
  private reportOutcome: () => void = () => undefined;
  private readonly firstOutcome = new Promise<void>((resolve) => (this.reportOutcome = resolve));

  constructor(
    private readonly url: MysqlUrl,
    options: DatabaseOptions,
  ) {
    super(options, describeDatabaseUrl(url));
  }

  async start(): Promise<void> {
    this.life = this.live();
  }

  use<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    return this.run(work);
  }

  async trouble(milliseconds: number): Promise<string | undefined> {
    const limit = AbortSignal.any([AbortSignal.timeout(milliseconds), this.stopping.signal]);
    await untilAborted(this.firstOutcome, limit).catch(() => undefined);
    if (this.available()) return undefined;
    return this.outage.cause ?? "There has been no response yet, and the log will say why.";
  }

  pool(): PoolState | undefined {
    const { pool } = (this.current?.driver ?? {}) as { pool?: Record<string, { length: number } | undefined> };
    if (!pool) return undefined;
    const count = (list: string) => pool[list]?.length ?? 0; // mysql2 has no public property for them
    return {
      open: count("_allConnections"),
      idle: count("_freeConnections"),
      waiting: count("_connectionQueue"),
      limit: this.options.poolSize,
    };
  }

  /** Looks for the database at once, too. */
  override suspect(cause: unknown): void {
    const { code } = (cause ?? {}) as { code?: unknown };
    if (changedTls.has(code)) this.mustReopen = true;
    this.wake();
    super.suspect(cause);
  }

  override stop(): void {
    super.stop();
    this.wake();
  }

  async close(): Promise<void> {
    this.stop();
    await this.life;
    const { current } = this;
    this.current = undefined;
    await current?.destroy();
  }

  protected override noteWait(sentence: string): void {
    super.noteWait(sentence);
    this.reportOutcome();
  }

  private async live(): Promise<void> {
    const { log, onLost } = this.options;
    const { signal } = this.stopping;
    const tls = new ServerTls(this.url, (fault) => log.warn(`Changed files for TLS cannot be used: ${fault}`));
    this.warnOfPlainText(plainTextWarning(this.url));
    for (let failures = 0; !signal.aborted; failures += 1) {
      let opened: ServerConnections | undefined;
      try {
        opened = await untilAborted(openServer(this.url, this.options, tls), signal, closeAll);
        await this.enter(opened);
        failures = 0;
        do await this.pause(checkInterval);
        while (!this.mustReopen && (await untilAborted(opened.monitor.check(), signal)));
      } catch (error) {
        if (!signal.aborted) this.outage.begin(opened ? troubleOf(error, opened.attempt) : error);
      }
      this.reportOutcome();
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
    const { log, onAvailable } = this.options;
    this.current = await this.prepare(dataSource);
    await untilAborted(onAvailable(), this.stopping.signal);
    this.mustReopen = false;
    this.outage.end();
    this.reportOutcome();
    this.warnOfPlainText(plainTextWarning(this.url, isEncrypted));
    log.info({ database: describeDatabaseUrl(this.url), host: monitor.host, tls: isEncrypted }, "database available");
  }

  private warnOfPlainText(warning: string | undefined): void {
    if (warning === undefined || this.isPlainTextReported) return;
    this.isPlainTextReported = true;
    this.options.log.warn(warning);
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
