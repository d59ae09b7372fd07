import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeFlags } from "../support/process";
import { median } from "./load";
import type { Report } from "./report";

const main = path.join(__dirname, "..", "..", "src", "main.js");

/** From the start of the process to its greeting, which it prints when it serves, with a new embedded database. */
export async function measureStart(
  folder: string,
  report: Report,
  { times, only }: { times: number; only: RegExp },
): Promise<void> {
  if (!only.test("start")) return;
  const starts: number[] = [];
  const nothing: number[] = [];
  const memory: number[] = [];
  for (let time = 0; time < times; time += 1) {
    nothing.push(await elapsed(() => once(spawn(process.execPath, ["-e", "0"]), "exit")));
    const settings = { ORGROLES_ADDRESS: "127.0.0.1:0", ORGROLES_DATABASE_URL: `sqlite:${folder}/start-${time}.db` };
    const child = spawn(process.execPath, [...nodeFlags, main], { env: { PATH: process.env["PATH"], ...settings } });
    starts.push(await elapsed(() => once(child.stdout, "data")));
    await sleep(5000);
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
    memory.push(Number(kilobytes) / 1024);
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  report.note(
    `Start to SERVING, embedded: ${Math.round(median(starts) - median(nothing))} ms above \`node -e 0\`` +
      ` (${Math.round(median(nothing))} ms); idle memory after five seconds: ${Math.round(median(memory))} MiB.` +
      ` Goals: 1000 ms and 130 MiB, at least 2000 ms and 180 MiB.`,
  );
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
