import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Microseconds of which a process has its share. */
const period = 10_000;

/** Linux's control groups, in both versions: where they are, and what says how long their processes may run. */
const controllers = [
  { root: "/sys/fs/cgroup", limits: (quota: number) => ({ "cpu.max": `${quota} ${period}` }) },
  {
    root: "/sys/fs/cgroup/cpu",
    limits: (quota: number) => ({ "cpu.cfs_period_us": `${period}`, "cpu.cfs_quota_us": `${quota}` }),
  },
];

/**
 * Holds each process to a share of a core. Undefined where this is not allowed: it takes root, and a kernel with control
 * groups. Call what it answers when the processes have ended.
 */
export function holdToShare(share: number, pids: readonly number[]): (() => void) | undefined {
  for (const { root, limits } of controllers) {
    const groups: string[] = [];
    const end = () => groups.forEach((group) => rmdirSync(group));
    const files = Object.entries(limits(period * share));
    try {
      for (const pid of pids) {
        const group = path.join(root, `orgroles-bench-${pid}`);
        mkdirSync(group);
        groups.push(group);
        if (!files.every(([file]) => existsSync(path.join(group, file)))) throw new Error("not this version");
        for (const [file, text] of files) writeFileSync(path.join(group, file), text);
        writeFileSync(path.join(group, "cgroup.procs"), `${pid}`);
      }
      return end;
    } catch {
      end();
    }
  }
  return undefined;
}
