import fs from "node:fs";
import mysql, { type PoolOptions, type SslOptions } from "mysql2";
import { AbstractLogger, DataSource, type DataSourceOptions } from "typeorm";
import { Fault } from "../../domain/fault";
import { looksLikePath } from "../../display/shown-text";
import { leaveCheckpoints } from "./checkpointer";
import { type Address, type DatabaseUrl, type MysqlUrl, type SqliteUrl, describeAddress } from "./database-url";
import { type Attempt, DatabaseTrouble, explainFailure } from "./database-trouble";
import type { Engine } from "../engines/engine";
import { entitiesFor } from "../entities/index";
import { migrations } from "../migrations/index";
import { Monitor } from "./monitor";
import { SnakeCase } from "../entities/snake-case";
import { createPool } from "./pool";
import { createPrivately, makePrivate } from "./private-files";
import { serverOptions } from "./server-address";
import { ServerTls } from "./server-tls";

export type { DataSource };

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

/**
 * Opens a database for work that ends by itself, such as a migration. With `mustExist` it makes no file, leaves
 * the journal of one as it is, and throws where there is none.
 */
export async function openDatabase(
  url: DatabaseUrl,
  limits: ConnectionLimits,
  { mustExist = false }: { mustExist?: boolean } = {},
): Promise<DataSource> {
  if (url.kind === "sqlite") {
    if (mustExist && !fs.existsSync(url.file))
      throw new Fault(`The database file ${url.file} does not exist: \`orgroles migrate\` makes it.`);
    return openSqlite(url, { enableWAL: !mustExist });
  }
  const { dataSource, monitor } = await openMysql(url, limits);
  monitor.close();
  return dataSource;
}

interface SqliteOptions {
  readonly enableWAL?: boolean;
  /** Whether a checkpointer moves what is committed into the file. Otherwise commits do. */
  readonly hasCheckpointer?: boolean;
}

/** One connection: TypeORM gives SQLite no more, and so every use of it goes through a gate. */
export async function openSqlite(
  { file }: SqliteUrl,
  { enableWAL = true, hasCheckpointer = false }: SqliteOptions = {},
): Promise<DataSource> {
  const pragmas = ["synchronous = FULL", ...(hasCheckpointer ? leaveCheckpoints : [])];
  const dataSource = new DataSource({
    ...common("sqlite"),
    type: "better-sqlite3",
    driver: require("libsql"), // better-sqlite3's interface, with binaries that npm brings for every platform
    database: file,
    timeout: 5000,
    enableWAL,
    prepareDatabase: (database: { pragma(text: string): void }) => pragmas.forEach((text) => database.pragma(text)),
  });
  try {
    if (file === ":memory:") return await dataSource.initialize();
    createPrivately(file);
    await dataSource.initialize();
    makePrivate(file); // only now: it is a database, and not whatever else somebody has named
    return dataSource;
  } catch (error) {
    const shown = looksLikePath(file) ? ` ${file}` : "";
    throw new Fault(`The database file${shown} cannot be opened`, { cause: error });
  }
}

/** The connections to a database server: a pool, and one that watches. */
export interface ServerConnections {
  readonly dataSource: DataSource;
  readonly monitor: Monitor;
  readonly attempt: Attempt;
}

/**
 * Opens a pool to the first host that responds; of several hosts, to the first that can be written to, because a
 * replica's reads may be old. Throws a DatabaseTrouble that says of each host what is wrong with it.
 */
export async function openMysql(
  url: MysqlUrl,
  limits: ConnectionLimits,
  tls = new ServerTls(url),
): Promise<ServerConnections> {
  const failures: DatabaseTrouble[] = [];
  for (const address of url.hosts)
    try {
      return await openHost(url, address, limits, tls);
    } catch (error) {
      failures.push(error as DatabaseTrouble);
    }
  throw new DatabaseTrouble(failures.map(({ message }) => message).join(" "), { cause: failures.at(-1)?.cause });
}

/** Milliseconds. */
const defaultConnectTimeout = 5000;

async function openHost(
  url: MysqlUrl,
  address: Address,
  limits: ConnectionLimits,
  tls: ServerTls,
): Promise<ServerConnections> {
  const connectTimeout = url.connectTimeout ?? Math.min(defaultConnectTimeout, limits.timeout);
  const where = describeAddress(address, url.socket);
  const mustBeWritable = url.hosts.length > 1;
  let ssl: SslOptions | undefined;
  let monitor: Monitor | undefined;
  const attempt = () => ({ url, address, connectTimeout, isEncrypted: ssl !== undefined });
  const connect = () => {
    const server = serverOptions(url, address, connectTimeout, ssl);
    return Monitor.connect({ ...loginOf(url), ...server }, where, limits.timeout, mustBeWritable);
  };
  try {
    ssl = tls.sslOptions();
    monitor = await connect().catch((error: { code?: unknown }) => {
      if (!tls.isOptional || error.code !== "HANDSHAKE_NO_SSL_SUPPORT") throw error;
      ssl = undefined;
      return connect();
    });
    if (!(await monitor.check())) throw new DatabaseTrouble(`${where} is read-only: make it writable.`);
    const dataSource = await openPool(url, serverOptions(url, address, connectTimeout, ssl), monitor, limits);
    return { dataSource, monitor, attempt: attempt() };
  } catch (error) {
    monitor?.close();
    if (error instanceof DatabaseTrouble) throw error;
    throw new DatabaseTrouble(explainFailure(error, attempt()), { cause: error });
  }
}

const loginOf = ({ user, password, database }: MysqlUrl) => ({ user, password, database });

async function openPool(
  { user, password, database }: MysqlUrl,
  server: ReturnType<typeof serverOptions>,
  monitor: Monitor,
  limits: ConnectionLimits,
): Promise<DataSource> {
  const { engine } = await monitor.look();
  return new DataSource({
    ...common(engine),
    type: engine,
    driver: { ...mysql, createPool: (options: PoolOptions) => createPool(options, limits.timeout, monitor.settings) },
    username: user,
    password,
    database,
    charset: "utf8mb4",
    timezone: "Z",
    bigNumberStrings: false, // no integer here is beyond 2^53
    poolSize: limits.poolSize,
    extra: server,
  }).initialize();
}
