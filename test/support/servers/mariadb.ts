import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { installPackage } from "./apt-install";
import { findInDocker } from "./docker";
import type { Guard } from "./guard";
import { type Recipe, network, storage, tuning } from "./recipe";
import { debianLike, findProgram, reason } from "./system";

const PACKAGE = "mariadb-server-core";

/** On this machine, from the distribution's packages (as root on Debian or Ubuntu), in Docker; an error at the end. */
export async function findMariadb(): Promise<Recipe> {
  const { program, origin, failure } = await findOrInstall();
  if (program) return recipe(program, origin);
  const container = await findInDocker("mariadb");
  if (container) return container;
  throw new Error(`There is no MariaDB for the tests and none could be started${failure}; run: ${remedy()}`);
}

/** As `findMariadb`, but never in Docker. */
export async function findMariadbProgram(): Promise<string> {
  const { program, failure } = await findOrInstall();
  if (!program) throw new Error(`There is no MariaDB on this machine${failure}; run: ${remedy()}`);
  return program;
}

async function findOrInstall(): Promise<{ program?: string; origin: string; failure: string }> {
  const present = findProgram("mariadbd");
  if (present) return { program: present, origin: `It runs from ${present}.`, failure: "" };
  let failure = "";
  if (debianLike() && process.getuid?.() === 0) {
    try {
      await installPackage(PACKAGE);
    } catch (error) {
      failure = ` (${reason(error)})`;
    }
    const installed = findProgram("mariadbd");
    if (installed) return { program: installed, origin: `It was installed from the package ${PACKAGE}.`, failure };
  }
  return { origin: "", failure };
}

const remedy = () =>
  debianLike()
    ? `sudo apt-get install -y --no-install-recommends ${PACKAGE}`
    : process.platform === "darwin"
      ? "brew install mariadb"
      : "ORGROLES_TEST_MARIADB_URL=mysql://root@127.0.0.1:3306 npm test";

const recipe = (binary: string, origin: string): Recipe => ({
  engine: "mariadb",
  origin,
  prepare: async (guard) => bootstrap(binary, guard),
  command: (place) => [
    binary,
    "--no-defaults",
    "--innodb-log-file-size=32M",
    ...storage(place.folder),
    ...network(place),
    ...tuning(place),
  ],
});

/** What `mariadb-install-db` does, which the core package leaves out. */
export async function bootstrap(binary: string, guard: Guard): Promise<void> {
  const input = path.join(guard.folder, "bootstrap.sql");
  const tables = ["system_tables", "performance_tables", "system_tables_data"].map((name) => systemSql(binary, name));
  const rootWithoutPassword = ["SET @auth_root_socket = NULL;", "SET @skip_auth_anonymous = 1;"];
  writeFileSync(input, ["CREATE DATABASE mysql;", "USE mysql;", ...rootWithoutPassword, ...tables].join("\n"));
  mkdirSync(path.join(guard.folder, "data"));
  const flags = [...storage(guard.folder), "--innodb-log-file-size=32M", "--enforce-storage-engine="];
  await guard.complete(60, [binary, "--no-defaults", "--bootstrap", ...flags], { input });
}

function systemSql(binary: string, name: string): string {
  const beside = path.resolve(path.dirname(realpathSync(binary)), "..", "share");
  const files = [beside, "/usr/share"]
    .flatMap((share) => [path.join(share, "mariadb"), path.join(share, "mysql")])
    .flatMap((folder) => [path.join(folder, `mariadb_${name}.sql`), path.join(folder, `mysql_${name}.sql`)]);
  const found = files.find((file) => existsSync(file));
  if (!found) throw new Error(`None of the SQL files that ${binary} needs is there: ${files.join(", ")}`);
  return readFileSync(found, "utf8");
}
