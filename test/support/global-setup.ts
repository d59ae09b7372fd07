import { execFileSync } from "node:child_process";
import path from "node:path";
import { browserPath } from "./browser-path";
import { type DatabaseServer, findOrStartMariadb, findOrStartMysql } from "./servers";

declare global {
  var testRun: { servers: DatabaseServer[]; build: string; missing: string | undefined } | undefined;
}

/**
 * Compiles the service once for the tests that run real processes, builds the console if its sources have changed, and
 * finds or starts the database servers. MariaDB
 * must be there; MySQL must with ORGROLES_TEST_MYSQL=require, and its absence is said at the end of the run otherwise.
 */
export default async function setUp(): Promise<void> {
  const build = path.resolve("dist", `test-${process.pid}`);
  globalThis.testRun = { servers: [], build, missing: undefined };
  const { servers } = globalThis.testRun;
  execFileSync("node_modules/.bin/tsc", ["--outDir", build], { stdio: "inherit" });
  process.env["TEST_RUN_BUILD"] = build;
  execFileSync(process.execPath, ["src/console/build.mjs"], { stdio: "inherit" });
  if (!browserPath && process.env["ORGROLES_TEST_BROWSER"] === "require")
    throw new Error("There is no browser for the tests of the console: `apt-get install chromium`");

  const mariadb = await findOrStartMariadb("hostile");
  servers.push(mariadb);
  process.env["TEST_RUN_MARIADB_URL"] = mariadb.url;
  try {
    const mysql = await findOrStartMysql("hostile");
    servers.push(mysql);
    process.env["TEST_RUN_MYSQL_URL"] = mysql.url;
  } catch (error) {
    if (process.env["ORGROLES_TEST_MYSQL"] === "require") throw error;
    globalThis.testRun.missing = String(error);
  }
  for (const { engine, version, origin } of servers) console.log(`\n${engine} ${version}: ${origin}`);
}
