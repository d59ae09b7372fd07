import type { DataSource, QueryRunner } from "typeorm";
import { dialectOf } from "../engines/index";
import { senderOf, setSender } from "./direct";

/** Runs a statement; `system` names the engine, and `sql` contains no values. */
export type Observe = <T>(system: string, sql: string, work: () => Promise<T>) => Promise<T>;

/** Routes every further statement to the database through `observe`, whoever sends it. */
export function observeStatements(dataSource: DataSource, observe: Observe): void {
  const observed = new WeakSet<QueryRunner>(); // SQLite has one runner for all
  const { engine } = dialectOf(dataSource);
  const create = dataSource.createQueryRunner.bind(dataSource);
  dataSource.createQueryRunner = (mode) => {
    const runner = create(mode);
    if (!observed.has(runner)) observeRunner(runner, engine, observe);
    observed.add(runner);
    return runner;
  };
  const send = senderOf(dataSource);
  setSender(dataSource, (sql, ...rest) => observe(engine, sql, () => send(sql, ...rest)));
}

function observeRunner(runner: QueryRunner, system: string, observe: Observe): void {
  const query = runner.query.bind(runner);
  runner.query = (...values: Parameters<typeof query>) => observe(system, values[0], () => query(...values));
}
