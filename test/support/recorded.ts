import type { QueryRunner } from "typeorm";
import { senderOf, setSender } from "../../src/persistence/connection/direct";
import type { TestStorage } from "./storage";

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** From now on every statement of the storage is kept; answers what was kept since it was asked last. */
export async function recordStatements({ database }: TestStorage): Promise<() => Statement[]> {
  const statements: Statement[] = [];
  await database.use(async (dataSource) => {
    const create = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => {
      const runner = create(mode);
      const query = runner.query.bind(runner) as (...values: unknown[]) => Promise<unknown>;
      runner.query = ((sql: string, parameters: unknown[] = [], ...rest: unknown[]) => {
        statements.push({ sql, parameters });
        return query(sql, parameters, ...rest);
      }) as QueryRunner["query"];
      return runner;
    };
    const send = senderOf(dataSource);
    setSender(dataSource, (sql, parameters, runner) => {
      statements.push({ sql, parameters });
      return send(sql, parameters, runner);
    });
  });
  return () => statements.splice(0);
}
