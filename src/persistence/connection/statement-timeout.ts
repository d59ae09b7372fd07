import type mysql from "mysql2";
import type { PoolConnection } from "mysql2";
import { Fault } from "../../domain/fault";

type Callback = (error: Error | null, ...results: unknown[]) => void;

/**
 * Destroys a connection on which a statement gets no response in `timeout` milliseconds: the statement may still run on
 * the server, and nothing else may ever follow it on the connection.
 *
 * Its plain twin is mysql2's option `timeout` with a `destroy` in the callback. That takes one timer for each
 * statement, and a copy of the options that contain it; here one timer watches all statements of a connection.
 */
export function destroyWhenHung(connection: PoolConnection, timeout: number): void {
  const query = connection.query.bind(connection) as (sql: unknown, values?: unknown, done?: Callback) => mysql.Query;
  const waiting = new Set<Callback>();
  const timer = setTimeout(() => {
    if (!waiting.size) return;
    connection.destroy();
    const error = Object.assign(new Fault(`No response in ${timeout} ms`), { code: "PROTOCOL_SEQUENCE_TIMEOUT" });
    for (const done of waiting) done(error);
  }, timeout).unref();
  const watched = (sql: unknown, values: unknown, done: Callback) => {
    const finish: Callback = (error, ...results) => {
      if (!waiting.delete(finish)) return;
      if (waiting.size) timer.refresh();
      done(error, ...results);
    };
    waiting.add(finish);
    timer.refresh();
    try {
      return query(sql, values, finish);
    } catch (error) {
      waiting.delete(finish); // a value that cannot be written
      throw error;
    }
  };
  connection.query = ((sql: unknown, values?: unknown, done?: Callback) => {
    if (!done) return typeof values === "function" ? watched(sql, undefined, values as Callback) : query(sql, values);
    return watched(sql, values, done);
  }) as typeof connection.query;
}
