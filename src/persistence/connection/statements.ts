import type { DataSource, QueryRunner } from "typeorm";
import { senderOf, setSender } from "./direct";

/** Runs a statement; `system` is the engine, and `sql` has no values in it. */
export type Observe = <T>(system: string, sql: string, work: () => Promise<T>) => Promise<T>;

/** From now on every statement that goes to the database goes through `observe`, whoever sends it. */
export function observeStatements(dataSource: DataSource, observe: Observe): void {
  const observed = new WeakSet<QueryRunner>(); // SQLite has one for all
  const { type } = dataSource.options;
  const system = type === "better-sqlite3" ? "sqlite" : type;
  const create = dataSource.createQueryRunner.bind(dataSource);
  dataSource.createQueryRunner = (mode) => {
    const runner = create(mode);
    if (!observed.has(runner)) observeRunner(runner, system, observe);
    observed.add(runner);
    return runner;
  };
  const send = senderOf(dataSource);
  setSender(dataSource, (sql, ...rest) => observe(system, sql, () => send(sql, ...rest)));
}

function observeRunner(runner: QueryRunner, system: string, observe: Observe): void {
  const query = runner.query.bind(runner);
  runner.query = (...values: Parameters<typeof query>) => observe(system, values[0], () => query(...values));
}
