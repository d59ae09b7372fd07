import { spawn } from "node:child_process";
import path from "node:path";

export interface Ended {
  readonly code: number | null;
  /** Everything it has printed. */
  readonly output: string;
}

/** Runs the compiled program to its end, with arguments such as `migrate`. */
export function runCommand(args: readonly string[], settings: Record<string, string>, input = ""): Promise<Ended> {
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
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  child.stderr.on("data", (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
