import type { DataSource } from "typeorm";
import { Fault } from "../../domain/fault";
import type { Dialect, Engine } from "./dialect";
import { mariadb } from "./mariadb";
import { mysql } from "./mysql";
import type { ServerDialect } from "./server";
import { sqlite } from "./sqlite";

export const dialects: Readonly<Record<Engine, Dialect>> = { sqlite, mariadb, mysql };

const byDriver = new Map<string, Dialect>(Object.values(dialects).map((dialect) => [dialect.driver, dialect]));

/** Returns the dialect of the engine that a data source is open on. */
export function dialectOf({ options }: DataSource): Dialect {
  const dialect = byDriver.get(options.type);
  if (!dialect) throw new Fault(`there is no dialect for the driver ${options.type}`);
  return dialect;
}

/** Returns the dialect of a server, by what the server reports as its version. */
export const serverDialectOf = (version: string): ServerDialect => (/mariadb/i.test(version) ? mariadb : mysql);
