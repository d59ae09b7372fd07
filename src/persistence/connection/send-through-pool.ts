import type { Pool, PoolConnection } from "mysql2";
import { type DataSource, type QueryRunner, QueryRunnerAlreadyReleasedError } from "typeorm";
import { rememberStatement } from "../../display/failed-statements";
import type { Send } from "../engines/dialect";
import { writeValues } from "./literals";

/** Returns a way to a server over mysql2's pool. Its plain twin is `QueryRunner.query`. */
export function sendThroughPool({ driver }: DataSource): Send {
  const { pool } = driver as unknown as { readonly pool: Pool };
  return (sql, parameters, runner) =>
    runner ? throughRunner(runner, sql, parameters) : throughPool(pool, sql, parameters);
}

async function throughRunner(runner: QueryRunner, sql: string, parameters: readonly unknown[]): Promise<unknown> {
  if (runner.isReleased) throw new QueryRunnerAlreadyReleasedError(); // another transaction may have its connection
  const connection = (await runner.connect()) as PoolConnection;
  try {
    const [result] = await connection.promise().query(sql, [...parameters]);
    return result;
  } catch (error) {
    rememberStatement(error, sql);
    throw error;
  }
}

function throughPool(pool: Pool, sql: string, parameters: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const text = writeValues(sql, parameters); // written here, where an exception rejects the promise
    pool.getConnection((failure, connection) => {
      if (failure) return reject(failure);
      connection.query(text, [], (error, result) => {
        connection.release();
        if (!error) return resolve(result);
        rememberStatement(error, sql);
        reject(error);
      });
    });
  });
}
