import { givenServer } from "./given-server";
import { type DatabaseServer, type PrivateServer, type ServerSettings, startServer } from "./local-server";
import { findMariadb } from "./mariadb";
import { findMysql } from "./mysql";
import type { Engine } from "./recipe";

export type { DatabaseServer, PrivateServer, ServerSettings };

/**
 * The server of ORGROLES_TEST_MARIADB_URL, whatever its settings are, or one with these settings that `stop()` or the
 * end of this process ends.
 */
export async function findOrStartMariadb(settings: ServerSettings): Promise<DatabaseServer> {
  const given = process.env["ORGROLES_TEST_MARIADB_URL"];
  return given
    ? givenServer("mariadb", given, "ORGROLES_TEST_MARIADB_URL")
    : startServer(await findMariadb(), settings);
}

/** As for MariaDB, with ORGROLES_TEST_MYSQL_URL. The first call on a machine may download MySQL into a cache folder. */
export async function findOrStartMysql(settings: ServerSettings): Promise<DatabaseServer> {
  const given = process.env["ORGROLES_TEST_MYSQL_URL"];
  return given ? givenServer("mysql", given, "ORGROLES_TEST_MYSQL_URL") : startServer(await findMysql(), settings);
}

/** A server that nobody else uses, so that it may be killed; never the one of the environment. */
export async function startPrivateMariadb(
  settings: ServerSettings = "hostile",
  ...flags: string[]
): Promise<PrivateServer> {
  return startServer(await findMariadb(), settings, flags);
}

/** As for MariaDB. */
export async function startPrivateMysql(
  settings: ServerSettings = "hostile",
  ...flags: string[]
): Promise<PrivateServer> {
  return startServer(await findMysql(), settings, flags);
}

/** A server that nobody else uses, with flags of its own. They may name files, and so it never runs in Docker. */
export async function startPrivateServer(engine: Engine, flags: readonly string[]): Promise<PrivateServer> {
  const recipe = await (engine === "mariadb" ? findMariadb() : findMysql());
  if (recipe.kill) throw new Error(`The tests with flags need a ${engine} that is installed. ${recipe.origin}`);
  return startServer(recipe, "default", flags);
}
