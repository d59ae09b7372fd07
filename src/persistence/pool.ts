import mysql, { type PoolConnection, type PoolOptions } from "mysql2";
import { Fault } from "../domain/fault";

type Answer = (error: Error | null, ...results: unknown[]) => void;

/** Set once for each connection, where it costs nothing. The last two exist in clusters only. */
const sessionSettings = [
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
  "SET SESSION innodb_lock_wait_timeout = 5",
  "SET SESSION wsrep_sync_wait = 1",
  "SET SESSION group_replication_consistency = 'BEFORE'",
];
const unknownVariable = 1193;

/** `timeout`: milliseconds for one statement. */
export function createPool(options: PoolOptions, timeout: number): mysql.Pool {
  const pool = mysql.createPool(options);
  pool.on("connection", (connection) => {
    connection.on("error", () => undefined); // the pool drops it, and the next statement says why
    destroyWhenHung(connection, timeout);
    promiseQuickly(connection);
    for (const setting of sessionSettings)
      connection.query(setting, [], (error) => {
        if (error && error.errno !== unknownVariable) connection.destroy();
      });
  });
  return pool;
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
    return query(sql, values, once);
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
