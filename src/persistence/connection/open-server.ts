import mysql, { type PoolOptions, type SslOptions } from "mysql2";
import { DataSource } from "typeorm";
import { type ConnectionLimits, commonOptions } from "./data-source";
import { type Attempt, DatabaseTrouble, explainFailure } from "./database-trouble";
import { type Address, type MysqlUrl, describeAddress } from "./database-url";
import { Monitor } from "./monitor";
import { createPool } from "./pool";
import { serverOptions } from "./server-address";
import { ServerTls } from "./server-tls";

/** The connections to a database server: a pool, and one that watches. */
export interface ServerConnections {
  readonly dataSource: DataSource;
  readonly monitor: Monitor;
  readonly attempt: Attempt;
}

/**
 * Opens a pool to the first host that responds; of several hosts, to the first that can be written to, because a
 * replica's reads may be old. Throws a DatabaseTrouble that explains the failure of each host.
 */
export async function openServer(
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
  const { dialect } = await monitor.look();
  return new DataSource({
    ...commonOptions(dialect),
    type: dialect.driver,
    driver: { ...mysql, createPool: (options: PoolOptions) => createPool(options, limits.timeout, monitor.settings) },
    username: user,
    password,
    database,
    charset: "utf8mb4",
    timezone: "Z",
    bigNumberStrings: false, // no integer of the schema exceeds 2^53
    poolSize: limits.poolSize,
    extra: server,
  }).initialize();
}
