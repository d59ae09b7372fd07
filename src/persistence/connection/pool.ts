import mysql, { type PoolConnection, type PoolOptions, type RowDataPacket } from "mysql2";
import type { ConnectionSettings, SendToConnection } from "./connection-settings";
import { writeValues } from "./literals";
import { promiseQuickly } from "./quick-promises";
import { destroyWhenHung } from "./statement-timeout";

/** Creates a pool. `timeout` is in milliseconds, for one statement. */
export function createPool(options: PoolOptions, timeout: number, settings: ConnectionSettings): mysql.Pool {
  const pool = mysql.createPool({ ...options, queryFormat: writeValues });
  pool.on("connection", (connection) => {
    connection.on("error", () => undefined); // the pool drops the connection, and the next statement reports why
    destroyWhenHung(connection, timeout);
    promiseQuickly(connection);
  });
  applyBeforeUse(settings, pool);
  return pool;
}

/** Makes the pool hand out connections only after they have the settings. */
function applyBeforeUse(settings: ConnectionSettings, pool: mysql.Pool): void {
  const ready = new WeakSet<PoolConnection>();
  const getConnection = pool.getConnection.bind(pool);
  pool.getConnection = (handOut) =>
    getConnection((failure, connection) => {
      if (failure || ready.has(connection)) return handOut(failure, connection);
      const send = async (sql: string) => (await connection.promise().query<RowDataPacket[]>(sql))[0];
      return void applyTo(send, connection).then((error) => handOut(error, connection));
    });
  const applyTo = async (send: SendToConnection, connection: PoolConnection) => {
    try {
      await settings.apply(send);
      ready.add(connection);
      return null;
    } catch (error) {
      connection.destroy();
      return error as NodeJS.ErrnoException;
    }
  };
}
