import { LRUCache } from "lru-cache";
import type { DataSource } from "typeorm";
import { rememberStatement } from "../../display/failed-statements";
import { noteWork } from "../../event-loop/time-slices";
import type { Send } from "../engines/dialect";

interface PreparedStatement {
  /** Whether the statement returns rows. */
  readonly reader: boolean;
  all(...parameters: readonly unknown[]): unknown;
  run(...parameters: readonly unknown[]): unknown;
}

/** The number of statements that stay prepared. */
const keptStatements = 100;

/** Returns a way to SQLite that keeps statements prepared. Its plain twin is `QueryRunner.query`. */
export function sendToSqlite({ driver }: DataSource): Send {
  const { databaseConnection } = driver as unknown as {
    databaseConnection: { prepare(sql: string): PreparedStatement };
  };
  const statements = new LRUCache<string, PreparedStatement>({
    max: keptStatements,
    memoMethod: (sql) => databaseConnection.prepare(sql),
  });
  return async (sql, parameters) => {
    const start = performance.now();
    let result: unknown;
    try {
      const statement = statements.memo(sql);
      result = statement.reader ? statement.all(...parameters) : statement.run(...parameters);
    } catch (error) {
      rememberStatement(error, sql);
      throw error;
    }
    const ended = noteWork(performance.now() - start);
    if (ended) await ended; // SQLite runs in this thread, and no statement gives the event loop back
    return result;
  };
}
