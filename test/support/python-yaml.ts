import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type Interface, createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { languages } from "./languages";

/** Where Python is tried it has PyYAML, or its tests fail. */
export const hasPyYaml =
  languages.includes("python") || spawnSync("python3", ["-c", "import yaml"], { stdio: "ignore" }).status === 0;

export interface Rewriting {
  readonly text: string;
  readonly sort_keys: boolean;
  readonly explicit_start: boolean;
}

/** One Python process, which rewrites one text after the other. */
export class PyYaml {
  private readonly process: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  constructor() {
    this.process = spawn("python3", ["test/blueprints/rewrite.py"], { stdio: ["pipe", "pipe", "inherit"] });
    const lines: Interface = createInterface(this.process.stdout);
    this.lines = lines[Symbol.asyncIterator]();
  }

  async rewrite(request: Rewriting): Promise<{ documents: unknown[]; written: string }> {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`PyYAML refuses ${request.text}`);
    return JSON.parse(value) as { documents: unknown[]; written: string };
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.stdin.end();
    await ended;
  }
}
