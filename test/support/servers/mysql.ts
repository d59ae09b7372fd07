import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { findInDocker } from "./docker";
import { downloadMysql } from "./mysql-download";
import { type Recipe, network, storage, tuning } from "./recipe";
import { debianLike, findPrograms, reason, run } from "./system";

/** On this machine, unpacked from Debian's unstable suite into a cache, in Docker; an error at the end. */
export async function findMysql(): Promise<Recipe> {
  for (const present of findPrograms("mysqld"))
    if (!/mariadb/i.test(await run(15, [present, "--version"])))
      return recipe([present], [], `It runs from ${present}.`);

  const folder = path.join(process.env["ORGROLES_TEST_CACHE"] ?? path.join(homedir(), ".cache/orgroles-test"), "mysql");
  const cached = unpackedRecipe(folder, `It runs from ${folder}, unpacked earlier.`);
  if (cached) return cached;

  let failure = "";
  const system = debianLike();
  if (system?.id === "debian") {
    try {
      await downloadMysql(folder, system.codename);
      const downloaded = unpackedRecipe(folder, `It was unpacked from Debian's unstable suite into ${folder}.`);
      if (downloaded) return downloaded;
    } catch (error) {
      failure = ` (${reason(error)})`;
    }
  }
  const container = await findInDocker("mysql");
  if (container) return container;

  const command =
    process.platform === "darwin"
      ? "brew install mysql"
      : "ORGROLES_TEST_MYSQL_URL=mysql://root@127.0.0.1:3306 npm test";
  throw new Error(`There is no MySQL for the tests and none could be started${failure}; run: ${command}`);
}

function recipe(server: readonly string[], own: readonly string[], origin: string): Recipe {
  const flags = (folder: string) => [...own, ...storage(folder), "--innodb-redo-log-capacity=32M"];
  return {
    engine: "mysql",
    origin,
    prepare: (guard) =>
      guard.complete(120, [...server, "--no-defaults", ...flags(guard.folder), "--initialize-insecure"]),
    command: (place) => [
      ...server,
      "--no-defaults",
      ...flags(place.folder),
      ...network(place),
      "--mysqlx=OFF",
      "--secure-file-priv=NULL",
      ...tuning(place),
    ],
  };
}

/** With the loader and the libraries it came with, which are newer than the machine's. */
function unpackedRecipe(root: string, origin: string): Recipe | undefined {
  const inside = (name: string) => path.join(root, "usr", name);
  if (!existsSync(inside("sbin/mysqld"))) return undefined;
  const libraries = readdirSync(inside("lib")).find((name) => name.endsWith("-linux-gnu"));
  const folder = inside(`lib/${libraries}`);
  const loader = readdirSync(folder).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (!loader) throw new Error(`${folder} has no dynamic loader`);
  const own = [
    `--basedir=${path.join(root, "usr")}`,
    `--lc-messages-dir=${inside("share/mysql")}`,
    `--plugin-dir=${inside("lib/mysql/plugin")}`,
    `--character-sets-dir=${inside("share/mysql/charsets")}`,
  ];
  return recipe([path.join(folder, loader), "--library-path", folder, inside("sbin/mysqld")], own, origin);
}
