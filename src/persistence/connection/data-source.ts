import { AbstractLogger, type DataSourceOptions } from "typeorm";
import type { Dialect } from "../engines/dialect";
import { entitiesFor } from "../entities/index";
import { SnakeCase } from "../entities/snake-case";
import { migrations } from "../migrations/index";

export interface ConnectionLimits {
  readonly poolSize: number;
  /** Milliseconds for one statement. */
  readonly timeout: number;
}

/** Prints nothing: TypeORM's own loggers print slow statements with their values, even with logging off. */
class Silence extends AbstractLogger {
  protected override writeLog(): void {}
}

/** Returns the options of data sources that do not depend on the connection. */
export function commonOptions(dialect: Dialect) {
  return {
    entities: entitiesFor(dialect),
    migrations: [...migrations],
    migrationsTableName: "migrations",
    namingStrategy: new SnakeCase(),
    synchronize: false,
    logger: new Silence(),
  } satisfies Partial<DataSourceOptions>;
}
