// Builds the console into dist/console, if its sources have changed since. With --background it returns at once, and does
// nothing where the console is off: a server that starts meanwhile answers calls, and shows the console once it is there.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const sources = import.meta.dirname;
const root = path.resolve(sources, "../..");
const target = path.join(root, "dist", "console");
const stamp = path.join(target, ".sources");

function digestSources() {
  const hash = createHash("sha256").update(readFileSync(path.join(root, "package-lock.json")));
  const names = readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  for (const name of names) hash.update(`${path.relative(sources, name)}\0`).update(readFileSync(name));
  return hash.digest("hex");
}

async function build(digest) {
  // whatever the caller has: other modes take the libraries with their checks for developers
  process.env.NODE_ENV = "production";
  const { build: bundle } = await import("vite");
  const made = `${target}-${process.pid}`;
  const old = `${made}-old`;
  try {
    await bundle({
      configFile: path.join(sources, "vite.config.mts"),
      logLevel: "warn",
      build: { outDir: made },
    });
    writeFileSync(path.join(made, ".sources"), digest);
    if (existsSync(target)) renameSync(target, old);
    renameSync(made, target);
  } finally {
    rmSync(made, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

if (process.argv.includes("--background") && process.env.ORGROLES_CONSOLE === "off") process.exit();
const digest = digestSources();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
  mkdirSync(path.dirname(target), { recursive: true });
  if (process.argv.includes("--background")) {
    spawn(process.execPath, [import.meta.filename, "--quietly"], { detached: true, stdio: "ignore" }).unref();
  } else {
    // calls come first
    if (process.argv.includes("--quietly")) os.setPriority(os.constants.priority.PRIORITY_LOW);
    await build(digest);
  }
}
