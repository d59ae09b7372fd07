import { Mutex } from "async-mutex";
import type { DataSource } from "typeorm";
import { Checkpointer } from "./checkpointer";
import { Database, type DatabaseOptions } from "./database";
import { type SqliteUrl, describeDatabaseUrl } from "./database-url";
import { openSqlite } from "./open-sqlite";

/** An SQLite file of this process. It has one connection, so that everything on it happens one after the other. */
export class EmbeddedDatabase extends Database {
  private readonly gate = new Mutex();
  private checkpointer: Checkpointer | undefined;

  constructor(
    private readonly url: SqliteUrl,
    options: DatabaseOptions,
  ) {
    super(options, describeDatabaseUrl(url));
  }

  async start(): Promise<void> {
    const { file } = this.url;
    const hasCheckpointer = file !== ":memory:";
    this.current = await this.prepare(await openSqlite(this.url, { hasCheckpointer }));
    if (hasCheckpointer)
      this.checkpointer = new Checkpointer(file, (work) => this.gate.runExclusive(work), this.options.log);
    await this.options.onAvailable();
  }

  use<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    return this.gate.runExclusive(() => this.run(work));
  }

  async trouble(): Promise<undefined> {
    return undefined;
  }

  pool(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    this.stop();
    await this.checkpointer?.close();
    await this.gate.runExclusive(async () => {
      const { current } = this;
      this.current = undefined;
      await current?.destroy();
    });
  }
}
