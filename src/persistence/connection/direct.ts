import { LRUCache } from "lru-cache";
import type { Pool, PoolConnection } from "mysql2";
import { type DataSource, type QueryRunner, QueryRunnerAlreadyReleasedError } from "typeorm";
import { noteWork } from "../../event-loop/time-slices";
import { rememberStatement } from "../../display/failed-statements";
import { writeValues } from "./literals";

/** Sends a statement, in a runner's transaction or outside of any, and answers its rows or what it has changed. */
export type Send = (sql: string, parameters: readonly unknown[], runner?: QueryRunner) => Promise<unknown>;

interface Prepared {
  /** Whether it answers rows. */
  readonly reader: boolean;
  all(...parameters: readonly unknown[]): unknown;
  run(...parameters: readonly unknown[]): unknown;
}

/** SQLite's statements that are kept prepared. */
const keptStatements = 100;

const senders = new WeakMap<DataSource, Send>();

/**
 * The driver's own way, without what a runner of TypeORM's does for each statement. What the driver throws is not
 * wrapped, but it is remembered which statement it is about.
 */
export function senderOf(dataSource: DataSource): Send {
  const known = senders.get(dataSource);
  if (known) return known;
  const send = dataSource.options.type === "better-sqlite3" ? sendToSqlite(dataSource) : sendThroughPool(dataSource);
  senders.set(dataSource, send);
  return send;
}

/** From now on everybody sends through this. */
export function setSender(dataSource: DataSource, send: Send): void {
  senders.set(dataSource, send);
}

function sendThroughPool({ driver }: DataSource): Send {
  const { pool } = driver as unknown as { readonly pool: Pool };
  return (sql, parameters, runner) =>
    runner ? throughRunner(runner, sql, parameters) : throughPool(pool, sql, parameters);
}

async function throughRunner(runner: QueryRunner, sql: string, parameters: readonly unknown[]): Promise<unknown> {
  if (runner.isReleased) throw new QueryRunnerAlreadyReleasedError(); // another transaction may have its connection
  const connection = (await runner.connect()) as PoolConnection;
  try {
    const [answer] = await connection.promise().query(sql, [...parameters]);
    return answer;
  } catch (error) {
    rememberStatement(error, sql);
    throw error;
  }
}

function throughPool(pool: Pool, sql: string, parameters: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const text = writeValues(sql, parameters); // here, where what it throws rejects the promise
    pool.getConnection((failure, connection) => {
      if (failure) return reject(failure);
      connection.query(text, [], (error, answer) => {
        connection.release();
        if (!error) return resolve(answer);
        rememberStatement(error, sql);
        reject(error);
      });
    });
  });
}

function sendToSqlite({ driver }: DataSource): Send {
  const { databaseConnection } = driver as unknown as { databaseConnection: { prepare(sql: string): Prepared } };
  const statements = new LRUCache<string, Prepared>({
    max: keptStatements,
    memoMethod: (sql) => databaseConnection.prepare(sql),
  });
  return async (sql, parameters) => {
    const start = performance.now();
    let answer: unknown;
    try {
      const statement = statements.memo(sql);
      answer = statement.reader ? statement.all(...parameters) : statement.run(...parameters);
    } catch (error) {
      rememberStatement(error, sql);
      throw error;
    }
    const ended = noteWork(performance.now() - start);
    if (ended) await ended; // the engine runs in this thread, and no statement gives the event loop back
    return answer;
  };
}
