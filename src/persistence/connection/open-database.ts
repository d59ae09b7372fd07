import fs from "node:fs";
import type { DataSource } from "typeorm";
import { Fault } from "../../domain/fault";
import type { ConnectionLimits } from "./data-source";
import type { Database, DatabaseOptions } from "./database";
import type { DatabaseUrl } from "./database-url";
import { EmbeddedDatabase } from "./embedded-database";
import { openServer } from "./open-server";
import { openSqlite } from "./open-sqlite";
import { ServerDatabase } from "./server-database";

/** Returns the database of a URL for the service, which opens it with `start`. */
export function createDatabase(url: DatabaseUrl, options: DatabaseOptions): Database {
  return url.kind === "sqlite" ? new EmbeddedDatabase(url, options) : new ServerDatabase(url, options);
}

/**
 * Opens a database for work that ends by itself, such as a migration. With `mustExist` creates no file, leaves the
 * journal of an existing one as it is, and throws if there is none.
 */
export async function openDatabase(
  url: DatabaseUrl,
  limits: ConnectionLimits,
  { mustExist = false }: { mustExist?: boolean } = {},
): Promise<DataSource> {
  if (url.kind === "sqlite") {
    if (mustExist && !fs.existsSync(url.file))
      throw new Fault(`The database file ${url.file} does not exist: \`orgroles migrate\` makes it.`);
    return openSqlite(url, { enableWAL: !mustExist });
  }
  const { dataSource, monitor } = await openServer(url, limits);
  monitor.close();
  return dataSource;
}
