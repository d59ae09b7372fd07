import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Its standard output; an exit code other than 0, or no end in time, is an error. */
export async function run(seconds: number, [file = "", ...args]: readonly string[]): Promise<string> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { stdout } = await execute(file, args, { env, timeout: seconds * 1000, maxBuffer: 64 * 2 ** 20 });
  return stdout;
}

/** The executables of that name on the PATH, then in the folders for servers that users' PATHs leave out. */
export function findPrograms(name: string): string[] {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return [...folders, "/usr/sbin", "/usr/local/sbin"].map((folder) => path.join(folder, name)).filter(isExecutable);
}

export const findProgram = (name: string): string | undefined => findPrograms(name)[0];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Fails when the work is not done in time. Its timer also keeps a process alive that waits for nothing else. */
export async function within<T>(seconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Fields of /etc/os-release where apt-get exists, undefined elsewhere. */
export function debianLike(): { id: string; codename: string } | undefined {
  if (!findProgram("apt-get") || !existsSync("/etc/os-release")) return undefined;
  const text = readFileSync("/etc/os-release", "utf8");
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID"), codename: field("VERSION_CODENAME") };
}

/** The line of a failed command's output that says why. */
export function reason(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .trim()
    .split("\n");
  return lines.findLast((line) => line.startsWith("E: ")) ?? lines.at(-1) ?? "";
}
