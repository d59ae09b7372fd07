import fs from "node:fs";
import path from "node:path";
import mysql, { type PoolOptions } from "mysql2";
import { AbstractLogger, DataSource, type DataSourceOptions } from "typeorm";
import type { DatabaseUrl, MysqlUrl, SqliteUrl } from "./database-url";
import type { Engine } from "./engine";
import { entitiesFor } from "./entities";
import { migrations } from "./migrations";
import { Monitor } from "./monitor";
import { SnakeCase } from "./naming";
import { createPool } from "./pool";

export interface ConnectionLimits {
  readonly poolSize: number;
  /** Milliseconds for one statement. */
  readonly timeout: number;
}

/** Otherwise TypeORM prints slow statements, values and all, even with logging off. */
class Silence extends AbstractLogger {
  protected override writeLog(): void {}
}

function common(engine: Engine) {
  return {
    entities: entitiesFor(engine),
    migrations: [...migrations],
    migrationsTableName: "migrations",
    namingStrategy: new SnakeCase(),
    synchronize: false,
    logger: new Silence(),
  } satisfies Partial<DataSourceOptions>;
}

/** For work that ends by itself, such as a migration. */
export async function openDatabase(url: DatabaseUrl, limits: ConnectionLimits): Promise<DataSource> {
  if (url.kind === "sqlite") return openSqlite(url);
  const { dataSource, monitor } = await openMysql(url, limits);
  monitor.close();
  return dataSource;
}

/** One connection: TypeORM gives SQLite no more, and so every use of it goes through a gate. */
export async function openSqlite({ file }: SqliteUrl): Promise<DataSource> {
  const dataSource = new DataSource({
    ...common("sqlite"),
    type: "better-sqlite3",
    driver: require("libsql"), // better-sqlite3's interface, with binaries that npm brings for every platform
    database: file,
    timeout: 5000,
    enableWAL: true,
    prepareDatabase: (database: { pragma(text: string): void }) => database.pragma("synchronous = FULL"),
  });
  try {
    if (file !== ":memory:") fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    return await dataSource.initialize();
  } catch (error) {
    throw new Error(`The database file ${file} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * A pool to the first host that answers; of several hosts, to the first that can be written to, because a replica's
 * reads may be old.
 */
export async function openMysql(
  url: MysqlUrl,
  limits: ConnectionLimits,
): Promise<{ dataSource: DataSource; monitor: Monitor }> {
  let failure: unknown = new Error("every host is read-only");
  for (const address of url.hosts) {
    let monitor: Monitor | undefined;
    try {
      monitor = await Monitor.connect(url, address, limits);
      if (await monitor.check()) return { dataSource: await openPool(url, address, monitor, limits), monitor };
    } catch (error) {
      failure = error;
    }
    monitor?.close();
  }
  throw failure;
}

async function openPool(
  url: MysqlUrl,
  address: MysqlUrl["hosts"][number],
  monitor: Monitor,
  limits: ConnectionLimits,
): Promise<DataSource> {
  const { engine } = await monitor.look();
  return new DataSource({
    ...common(engine),
    type: engine,
    driver: { ...mysql, createPool: (options: PoolOptions) => createPool(options, limits.timeout, monitor.settings) },
    ...address,
    username: url.user,
    password: url.password,
    database: url.database,
    charset: "utf8mb4",
    timezone: "Z",
    bigNumberStrings: false, // no integer here is beyond 2^53
    poolSize: limits.poolSize,
    connectTimeout: limits.timeout,
  }).initialize();
}
