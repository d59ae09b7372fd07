import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { type Identity, type TestClient, connect } from "./client";
import { until } from "./until";

export interface ServiceProcess extends TestClient {
  readonly address: string;
  /** Empty if it serves nothing over HTTP. */
  readonly httpAddress: string;
  readonly pid: number;
  /** Everything it has printed so far. */
  output(): string;
  /** Sends a signal, waits for the end, answers the exit code (null after SIGKILL). */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { start: string } };
/** What `npm start` gives to Node. */
export const nodeFlags: readonly string[] = scripts.start.match(/--\S+/g) ?? [];

const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/**
 * The service as operators run it: a process of its own, compiled, configured by environment variables. With `logFile`
 * its log goes there, and not into `output()`.
 */
export async function startProcess(
  settings: Record<string, string>,
  identity?: Identity,
  logFile?: string,
): Promise<ServiceProcess> {
  const main = path.join(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
  const child = spawn(process.execPath, [...nodeFlags, main], {
    env: { PATH: process.env["PATH"], ORGROLES_ADDRESS: "127.0.0.1:0", ...settings },
    stdio: ["ignore", "pipe", logFile ? openSync(logFile, "a") : "pipe"],
  });
  running.add(child);
  let printed = "";
  const everything = () => printed + (logFile ? readFileSync(logFile, "utf8") : "");
  child.stdout?.on("data", (text: Buffer) => (printed += text.toString()));
  child.stderr?.on("data", (text: Buffer) => (printed += text.toString()));
  const ended = once(child, "exit").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });

  let listening = false;
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const found = /listens on (\S+)/.exec(printed)?.[1];
      if (!found) return;
      listening = true;
      resolve(found);
    });
    child.once("exit", (code) => {
      if (!listening) reject(new Error(`ended with ${code} before it listened:\n${everything()}`));
    });
  });
  const client = connect(address, identity);
  return {
    ...client,
    address,
    httpAddress: /^HTTP: https?:\/\/([^/]+)\//m.exec(printed)?.[1] ?? "",
    pid: child.pid ?? 0,
    output: () => printed,
    end: async (signal = "SIGTERM") => {
      client.close();
      child.kill(signal);
      return ended;
    },
  };
}

/** The processes that a process has started, but for those that have ended. */
export function childrenOf(pid: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="]).toString().trim().split("\n");
  return table.flatMap((line) => {
    const [child, parent, state] = line.trim().split(/\s+/);
    return Number(parent) === pid && !state?.startsWith("Z") ? [Number(child)] : [];
  });
}

/** Stops a process as if it hung, and waits until each of its threads has stopped. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const stateOf = (thread: string) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"))?.[1];
  await until(
    "the process has stopped",
    async () => readdirSync(`/proc/${pid}/task`).every((thread) => stateOf(thread) === "T") || undefined,
  );
}
