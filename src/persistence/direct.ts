import { LRUCache } from "lru-cache";
import type { Pool } from "mysql2";
import type { DataSource } from "typeorm";

/** Sends a statement outside of any transaction and answers its rows. */
export type Send = (sql: string, parameters: readonly string[]) => Promise<unknown[]>;

interface Prepared {
  all(...parameters: readonly string[]): unknown[];
}

/** SQLite's statements that are kept prepared. */
const keptStatements = 100;

const senders = new WeakMap<DataSource, Send>();

/** The driver's own way, without a runner of TypeORM's, for the hot path. What the driver throws is not wrapped. */
export function senderOf(dataSource: DataSource): Send {
  const known = senders.get(dataSource);
  if (known) return known;
  const send = dataSource.options.type === "better-sqlite3" ? embedded(dataSource) : pooled(dataSource);
  senders.set(dataSource, send);
  return send;
}

/** From now on everybody sends through this. */
export function setSender(dataSource: DataSource, send: Send): void {
  senders.set(dataSource, send);
}

function pooled({ driver }: DataSource): Send {
  const { pool } = driver as unknown as { readonly pool: Pool };
  return (sql, parameters) =>
    new Promise((resolve, reject) => {
      pool.getConnection((failure, connection) => {
        if (failure) return reject(failure);
        connection.query(sql, [...parameters], (error, rows) => {
          connection.release();
          if (error) reject(error);
          else resolve(rows as unknown[]);
        });
      });
    });
}

function embedded({ driver }: DataSource): Send {
  const { databaseConnection } = driver as unknown as { databaseConnection: { prepare(sql: string): Prepared } };
  const statements = new LRUCache<string, Prepared>({
    max: keptStatements,
    memoMethod: (sql) => databaseConnection.prepare(sql),
  });
  return async (sql, parameters) => statements.memo(sql).all(...parameters);
}
