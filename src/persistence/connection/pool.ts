import mysql, { type PoolConnection, type PoolOptions, type RowDataPacket } from "mysql2";
import { Fault } from "../../domain/fault";
import type { Ask, ConnectionSettings } from "./connection-settings";
import { writeValues } from "./literals";

type Answer = (error: Error | null, ...results: unknown[]) => void;

/** `timeout`: milliseconds for one statement. */
export function createPool(options: PoolOptions, timeout: number, settings: ConnectionSettings): mysql.Pool {
  const pool = mysql.createPool({ ...options, queryFormat: writeValues });
  pool.on("connection", (connection) => {
    connection.on("error", () => undefined); // the pool drops it, and the next statement says why
    destroyWhenHung(connection, timeout);
    promiseQuickly(connection);
  });
  applyBeforeUse(settings, pool);
  return pool;
}

/** Nobody gets a connection that does not have the settings. */
function applyBeforeUse(settings: ConnectionSettings, pool: mysql.Pool): void {
  const ready = new WeakSet<PoolConnection>();
  const getConnection = pool.getConnection.bind(pool);
  pool.getConnection = (answer) =>
    getConnection((failure, connection) => {
      if (failure || ready.has(connection)) return answer(failure, connection);
      const ask = async (sql: string) => (await connection.promise().query<RowDataPacket[]>(sql))[0];
      return void prepare(ask, connection).then((error) => answer(error, connection));
    });
  const prepare = async (ask: Ask, connection: PoolConnection) => {
    try {
      await settings.apply(ask);
      ready.add(connection);
      return null;
    } catch (error) {
      connection.destroy();
      return error as NodeJS.ErrnoException;
    }
  };
}

/**
 * A statement without an answer may still run on the server: nothing else may ever follow it on its connection. One timer
 * watches all statements of a connection, because mysql2's own takes one for each, and copies the options it comes in.
 */
function destroyWhenHung(connection: PoolConnection, timeout: number): void {
  const query = connection.query.bind(connection) as (sql: unknown, values?: unknown, answer?: Answer) => mysql.Query;
  const waiting = new Set<Answer>();
  const timer = setTimeout(() => {
    if (!waiting.size) return;
    connection.destroy();
    const error = Object.assign(new Fault(`No answer in ${timeout} ms`), { code: "PROTOCOL_SEQUENCE_TIMEOUT" });
    for (const answer of waiting) answer(error);
  }, timeout).unref();
  connection.query = ((sql: unknown, values?: unknown, answer?: Answer) => {
    if (!answer) return query(sql, values);
    const once: Answer = (error, ...results) => {
      if (!waiting.delete(once)) return;
      if (waiting.size) timer.refresh();
      answer(error, ...results);
    };
    waiting.add(once);
    timer.refresh();
    try {
      return query(sql, values, once);
    } catch (error) {
      waiting.delete(once); // a value that cannot be written
      throw error;
    }
  }) as typeof connection.query;
}

/**
 * TypeORM asks for a promise at every statement, for which mysql2 looks up a module and captures a stack each time: a
 * fifth of what a statement costs this process.
 */
function promiseQuickly(connection: PoolConnection): void {
  const query = (sql: string, values?: unknown[]) =>
    new Promise((resolve, reject) => {
      connection.query(sql, values, (error, ...results) => (error ? reject(error) : resolve(results)));
    });
  connection.promise = () => ({ query }) as unknown as ReturnType<PoolConnection["promise"]>;
}
