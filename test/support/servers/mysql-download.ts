import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Mirror, mirrors, readSources } from "./apt-sources";
import { Guard } from "./guard";
import { run } from "./system";

/**
 * Debian's stable release has no MySQL, its unstable suite has: unpacked into the folder together with the libraries
 * that it needs, without installing anything. Two runs at once both download; the first to end is taken.
 */
export async function downloadMysql(folder: string, codename: string): Promise<void> {
  const candidates = mirrors(readSources(), codename);
  let failure: unknown = new Error("apt has no source of Debian's packages");
  for (const mirror of candidates) {
    const guard = new Guard(path.dirname(folder));
    try {
      const root = await unpack(guard, mirror);
      moveInto(root, folder);
      return;
    } catch (error) {
      failure = error;
    } finally {
      await guard.close();
    }
  }
  throw failure;
}

async function unpack(guard: Guard, mirror: Mirror): Promise<string> {
  const inside = (name: string) => path.join(guard.folder, name);
  for (const name of ["lists/partial", "archives/partial", "root"]) mkdirSync(inside(name), { recursive: true });
  const signedBy = mirror.signedBy ? `[signed-by=${mirror.signedBy.replaceAll(/\s+/g, ",")}] ` : "";
  writeFileSync(inside("sources.list"), `deb ${signedBy}${mirror.uri} sid main\n`);
  writeFileSync(inside("status"), perl);
  writeFileSync(inside("apt.conf"), await privateConfiguration(guard.folder));

  const env = { APT_CONFIG: inside("apt.conf"), DEBIAN_FRONTEND: "noninteractive" };
  await guard.complete(300, ["apt-get", "-q", "update"], { env });
  const download = ["apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install"];
  await guard.complete(600, [...download, "mysql-server-core"], { env });
  const packages = readdirSync(inside("archives")).filter((name) => name.endsWith(".deb"));
  for (const name of packages)
    await guard.complete(120, ["dpkg-deb", "--extract", path.join(inside("archives"), name), inside("root")]);
  return inside("root");
}

/** Passed off as installed: a large dependency, of scripts that the tests do not run. */
const perl = `Package: perl
Status: install ok installed
Version: 99
Architecture: all
Multi-Arch: allowed
Maintainer: none <none@localhost>
Description: stand-in
`;

/** The machine's way to its mirror (proxies, certificates), but a state of its own that the system's apt never sees. */
async function privateConfiguration(folder: string): Promise<string> {
  const dump = await run(30, ["apt-config", "dump"]);
  const way = dump.split("\n").filter((line) => /^Acquire::(?!IndexTargets)/.test(line));
  return [
    ...way,
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    ...["main", "parts", "sourceparts", "preferences", "preferencesparts"].map(
      (key) => `Dir::Etc::${key} "/dev/null";`,
    ),
    `Dir::State "${folder}";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}";`,
    `APT::Sandbox::User "";`,
  ].join("\n");
}

function moveInto(root: string, folder: string): void {
  try {
    renameSync(root, folder);
  } catch (error) {
    const otherRunWon = existsSync(path.join(folder, "usr/sbin/mysqld"));
    if (!otherRunWon) throw error;
  }
}
