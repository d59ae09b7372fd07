import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import path from "node:path";
import { within } from "./system";

/** Seconds between SIGTERM and SIGKILL at the end. */
const GRACE = 10;

/**
 * Lives as long as its parent's end of the channel, however the parent ends: then ends the process that it runs, runs
 * the cleanups, removes the folder. A string, because the tests' TypeScript does not exist as files that Node could run.
 */
const WATCHDOG = `
const { spawn, spawnSync } = require("node:child_process");
const { closeSync, openSync, rmSync } = require("node:fs");
const [folder, cleanups] = JSON.parse(process.argv[1]);
let child;
let ending = false;
const tell = (message) => process.connected && process.send(message, () => {});
process.on("message", ({ command, input, env, signal }) => {
  if (signal) return child?.kill(signal);
  const files = [openSync(input ?? "/dev/null", "r"), openSync(folder + "/log", "w")];
  child = spawn(command[0], command.slice(1), { env: { ...process.env, ...env }, stdio: [files[0], files[1], files[1]] });
  files.forEach((file) => closeSync(file));
  const ended = (how) => {
    child = undefined;
    tell({ ended: how });
    if (ending) finish();
  };
  child.on("error", (error) => child?.pid || ended(error.message));
  child.on("exit", (code, by) => ended(by ?? String(code)));
  if (child.pid) tell({ pid: child.pid });
});
function end() {
  if (ending) return;
  ending = true;
  if (!child) return finish();
  child.kill("SIGTERM");
  setTimeout(() => child?.kill("SIGKILL"), ${GRACE * 1000});
}
function finish() {
  for (const [file, ...args] of cleanups) spawnSync(file, args, { timeout: 30000 });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit();
}
for (const event of ["disconnect", "SIGINT", "SIGTERM", "SIGHUP"]) process.on(event, end);
`;

export interface Guarded {
  readonly pid: number;
  /** The exit code or the signal. */
  readonly ended: Promise<string>;
}

export interface RunOptions {
  /** A file for its standard input. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Report {
  pid?: number;
  ended?: string;
}

/** A temporary folder and at most one process at a time, both gone soon after this process, even after its SIGKILL. */
export class Guard {
  readonly folder: string;
  readonly #watchdog: ChildProcess;
  readonly #gone: Promise<unknown>;

  constructor(parent: string, cleanups: readonly (readonly string[])[] = []) {
    mkdirSync(parent, { recursive: true });
    this.folder = mkdtempSync(path.join(parent, "orgroles-"));
    const { NODE_OPTIONS: _, ...env } = process.env;
    // detached: Ctrl-C reaches this process only, and the watchdog by the closed channel
    this.#watchdog = spawn(process.execPath, ["-e", WATCHDOG, JSON.stringify([this.folder, cleanups])], {
      cwd: "/",
      detached: true,
      env,
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#gone = once(this.#watchdog, "exit");
    this.#watchdog.unref();
    this.#watchdog.channel?.unref();
  }

  /** Starts a process whose output goes to the log, which starts anew. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Guarded> {
    const started = this.#report((report) => report.pid ?? report.ended);
    const ended = this.#report((report) => report.ended);
    this.#watchdog.send({ command, ...options });
    const pid = await within(10, `the start of ${command[0]}`, started);
    if (typeof pid === "string") throw new Error(`${command[0]} does not run: ${pid}`);
    return { pid, ended };
  }

  #report<T>(pick: (report: Report) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const listen = (report: Report) => {
        const picked = pick(report);
        if (picked === undefined) return;
        this.#watchdog.off("message", listen);
        resolve(picked);
      };
      this.#watchdog.on("message", listen);
    });
  }

  /** Runs a process to its end; any other exit code than 0 is an error with the tail of its output. */
  async complete(seconds: number, command: readonly string[], options: RunOptions = {}): Promise<void> {
    const { ended } = await this.run(command, options);
    const how = await within(seconds, command[0] ?? "", ended);
    if (how !== "0") throw new Error(`${command[0]} ended with ${how}:\n${this.log()}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#watchdog.send({ signal });
  }

  /** The last lines that the process has printed. */
  log(): string {
    return readFileSync(path.join(this.folder, "log"), "utf8").trim().split("\n").slice(-20).join("\n");
  }

  /** Ends the process in order, by force if it takes too long, and removes the folder. */
  async close(): Promise<void> {
    if (this.#watchdog.connected) this.#watchdog.disconnect();
    await within(GRACE + 60, "the end of a test server", this.#gone);
  }
}
