import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Guard } from "./guard";
import { debianLike, findProgram, reason } from "./system";

/** What a node needs besides the server; the last two are libraries of rsync. */
const PACKAGES = ["galera-4", "mariadb-server", "mariadb-client-core", "rsync", "libpopt0", "libxxhash0"];
const PROVIDER = "lib/galera/libgalera_smm.so";
const PROGRAMS = ["wsrep_sst_rsync", "wsrep_sst_common", "my_print_defaults", "rsync"];

/** Copies of the programs of a node, in a folder that the node's user may read. */
export interface GaleraPrograms {
  readonly provider: string;
  /** For the processes of a node. */
  readonly env: Readonly<Record<string, string>>;
}

/** Copies Galera into the folder: of the machine, or unpacked from Debian's packages. Throws if there is none. */
export async function provideGalera(folder: string): Promise<GaleraPrograms> {
  const root = await findRoot();
  const at = (name: string) => path.join(folder, name);
  mkdirSync(at("bin"), { recursive: true });
  mkdirSync(at("lib"));
  copyFileSync(path.join(root, PROVIDER), at("lib/libgalera_smm.so"));
  for (const name of PROGRAMS) copyFileSync(path.join(root, "bin", name), at(`bin/${name}`));
  for (const library of librariesIn(root)) copyFileSync(library, at(`lib/${path.basename(library)}`));
  return {
    provider: at("lib/libgalera_smm.so"),
    env: { PATH: `${at("bin")}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LD_LIBRARY_PATH: at("lib") },
  };
}

const isComplete = (root: string): boolean =>
  [PROVIDER, ...PROGRAMS.map((name) => `bin/${name}`)].every((name) => existsSync(path.join(root, name)));

async function findRoot(): Promise<string> {
  if (isComplete("/usr")) return "/usr";
  const cache = process.env["ORGROLES_TEST_CACHE"] ?? path.join(homedir(), ".cache/orgroles-test");
  const folder = path.join(cache, "galera");
  const root = path.join(folder, "usr");
  if (isComplete(root)) return root;
  let failure = "";
  if (debianLike() && findProgram("dpkg-deb"))
    try {
      await unpackInto(folder);
      return root;
    } catch (error) {
      failure = ` (${reason(error)})`;
    }
  throw new Error(
    `Galera is not there and could not be unpacked${failure}; run: sudo apt-get install -y --no-install-recommends mariadb-server galera-4 rsync`,
  );
}

/** Unpacks without installing: the package of the server would start one. Two runs at once both do; the first stays. */
async function unpackInto(folder: string): Promise<void> {
  const guard = new Guard(path.dirname(folder));
  try {
    const unpacked = path.join(guard.folder, "root");
    const apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=root"];
    if (process.getuid?.() === 0) await guard.complete(300, [...apt, "-o", "DPkg::Lock::Timeout=120", "update"]);
    await guard.complete(300, ["env", `--chdir=${guard.folder}`, ...apt, "download", ...PACKAGES]);
    for (const name of readdirSync(guard.folder).filter((file) => file.endsWith(".deb")))
      await guard.complete(60, ["dpkg-deb", "--extract", path.join(guard.folder, name), unpacked]);
    try {
      renameSync(unpacked, folder);
    } catch (error) {
      if (!isComplete(path.join(folder, "usr"))) throw error;
    }
  } finally {
    await guard.close();
  }
}

/** The libraries that were unpacked; those of the machine are where its loader looks. */
function librariesIn(root: string): string[] {
  if (root === "/usr") return [];
  const folders = readdirSync(path.join(root, "lib")).filter((name) => name.endsWith("-linux-gnu"));
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, "lib", folder))
      .filter((name) => /^lib(?:popt|xxhash)\.so\.\d+$/.test(name))
      .map((name) => path.join(root, "lib", folder, name)),
  );
}
