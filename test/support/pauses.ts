import { writeFileSync } from "node:fs";
import path from "node:path";
import { type ServiceProcess, startProcess } from "./process";
import { serving } from "./service";
import { until } from "./until";

/** A service that tells for how long at a time it kept its event loop. */
export interface WatchedService extends ServiceProcess {
  /** Milliseconds of the processor between two turns of the event loop, the most since it was asked last. */
  longestPause(): Promise<number>;
  /** Milliseconds of the processor for a fixed piece of work, here and now: about as long as a pause may be. */
  readonly yardstick: number;
}

/**
 * Runs in the service, and prints when it gets SIGUSR2. It counts time of the processor, which does not grow when others
 * use the machine too: that of the thread where Node tells it, otherwise that of all threads of the process.
 */
const hook = `
const used = () => {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
};
const sorted = () => {
  const start = used();
  for (let time = 0; time < 4; time += 1)
    Array.from({ length: 20_000 }, (_, index) => String((index * 7919) % 20_011)).sort();
  return used() - start;
};
sorted();
console.log("yardstick:" + Math.max(sorted(), sorted(), sorted()).toFixed(1));
let last = used();
let longest = 0;
const beat = () => {
  const now = used();
  longest = Math.max(longest, now - last);
  last = now;
};
setInterval(beat, 1).unref();
process.on("SIGUSR2", () => {
  beat();
  console.log("pause:" + longest.toFixed(1));
  longest = 0;
});`;

export async function startWatched(folder: string, settings: Record<string, string>): Promise<WatchedService> {
  const file = path.join(folder, "pauses.cjs");
  writeFileSync(file, hook);
  const service = await startProcess({ ...settings, NODE_OPTIONS: `--require ${file}` });
  await serving(service);
  const readings = (name: string) =>
    [...service.output().matchAll(new RegExp(`^${name}:([\\d.]+)$`, "gm"))].map(([, value]) => Number(value));
  return {
    ...service,
    yardstick: readings("yardstick")[0] ?? 0,
    longestPause: async () => {
      const before = readings("pause").length;
      process.kill(service.pid, "SIGUSR2");
      return until("the service tells its longest pause", async () => readings("pause")[before]);
    },
  };
}
