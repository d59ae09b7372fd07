import { type DatabaseServer, type PrivateServer, startServer } from "./local-server";
import { givenServer } from "./given-server";
import { findMariadb } from "./mariadb";
import { findMysql } from "./mysql";
import type { Engine } from "./recipe";

export type { DatabaseServer, PrivateServer };

/** For the whole test run: the server of ORGROLES_TEST_MARIADB_URL, or one that `stop()` or the end of this process ends. */
export async function findOrStartMariadb(): Promise<DatabaseServer> {
  const given = process.env["ORGROLES_TEST_MARIADB_URL"];
  return given ? givenServer("mariadb", given, "ORGROLES_TEST_MARIADB_URL") : startServer(await findMariadb());
}

/** As for MariaDB, with ORGROLES_TEST_MYSQL_URL. The first call on a machine may download MySQL into a cache folder. */
export async function findOrStartMysql(): Promise<DatabaseServer> {
  const given = process.env["ORGROLES_TEST_MYSQL_URL"];
  return given ? givenServer("mysql", given, "ORGROLES_TEST_MYSQL_URL") : startServer(await findMysql());
}

/** For tests of outages: a MariaDB that nobody else uses, so that it may be killed; never the one of the environment. */
export async function startPrivateMariadb(): Promise<PrivateServer> {
  return startServer(await findMariadb());
}

/** A server that nobody else uses, with flags of its own. They may name files, and so it never runs in Docker. */
export async function startPrivateServer(engine: Engine, flags: readonly string[]): Promise<PrivateServer> {
  const recipe = await (engine === "mariadb" ? findMariadb() : findMysql());
  if (recipe.kill) throw new Error(`The tests with flags need a ${engine} that is installed. ${recipe.origin}`);
  return startServer({ ...recipe, command: (place) => [...recipe.command(place), ...flags] });
}
