import type { PoolConnection } from "mysql2";

/**
 * Replaces `promise()` of a connection, which TypeORM calls for every statement.
 *
 * Its plain twin is mysql2's own `promise()`. That looks up a module and captures a stack each time, which is a fifth
 * of what a statement costs this process.
 */
export function promiseQuickly(connection: PoolConnection): void {
  const query = (sql: string, values?: unknown[]) =>
    new Promise((resolve, reject) => {
      connection.query(sql, values, (error, ...results) => (error ? reject(error) : resolve(results)));
    });
  connection.promise = () => ({ query }) as unknown as ReturnType<PoolConnection["promise"]>;
}
