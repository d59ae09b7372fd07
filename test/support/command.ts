import { spawn } from "node:child_process";
import path from "node:path";

export interface Ended {
  readonly code: number | null;
  /** Everything it has printed. */
  readonly output: string;
}

export interface EndedApart {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  /** Everything it has printed so far. */
  output(): string;
  /** What it has printed so far, by stream. */
  readonly printed: Readonly<Record<"stdout" | "stderr", string>>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Sends a signal, and returns the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the compiled program with arguments such as `migrate`. */
export function startCommand(args: readonly string[], settings: Record<string, string>, input = ""): RunningCommand {
  const main = path.join(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env["PATH"], ORGROLES_ADDRESS: "127.0.0.1:0", ...settings },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: 50_000,
    killSignal: "SIGKILL",
  });
  // a program that reads no input may have ended before
  child.stdin.on("error", () => undefined).end(input);
  let output = "";
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output += text;
      printed[stream] += text;
    });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return {
    output: () => output,
    printed,
    ended,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs the compiled program to its end. */
export async function runCommand(
  args: readonly string[],
  settings: Record<string, string>,
  input?: string,
): Promise<Ended> {
  const running = startCommand(args, settings, input);
  return { code: await running.ended, output: running.output() };
}

/** The same, with standard output and standard error apart. */
export async function runApart(
  args: readonly string[],
  settings: Record<string, string>,
  input?: string,
): Promise<EndedApart> {
  const running = startCommand(args, settings, input);
  return { code: await running.ended, ...running.printed };
}
