import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { grpcBody } from "../support/frames";

const run = promisify(execFile);

/** What a server did under a load. */
export interface Load {
  /** Calls that were answered in a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly calls: number;
  /** Without an HTTP answer. What gRPC says is in the trailers, which h2load does not read: see `loadOn`. */
  readonly failed: number;
  /** Microseconds of processor time that the server's process took for a call. */
  readonly cpu: number;
}

export interface Target {
  readonly address: string;
  /** Of the server, and of its children. */
  readonly pids: () => readonly number[];
  readonly token?: string | undefined;
}

export interface Shape {
  readonly seconds: number;
  readonly connections: number;
  /** Calls that are in flight over each connection. */
  readonly streams: number;
}

/**
 * Puts load on a method with h2load, from the Debian package nghttp2-client. It sends one body over and over, so each
 * of several bodies has an h2load process of its own, with its share of the connections.
 */
export async function h2load(
  folder: string,
  { address, pids, token }: Target,
  method: string,
  messages: readonly Uint8Array[],
  { seconds, connections, streams }: Shape,
): Promise<Load> {
  const before = cpuTime(pids());
  const all = await Promise.all(
    messages.map(async (message, index) => {
      const body = path.join(folder, `body-${index}`);
      const log = path.join(folder, `log-${index}`);
      writeFileSync(body, grpcBody(message));
      const { stdout } = await run("h2load", [
        `--data=${body}`,
        "--header=content-type: application/grpc",
        "--header=te: trailers",
        ...(token ? [`--header=authorization: Bearer ${token}`] : []),
        `--duration=${seconds}`,
        `--clients=${connections / messages.length}`,
        `--max-concurrent-streams=${streams}`,
        `--log-file=${log}`,
        `http://${address}${method}`,
      ]);
      const [, failed = "0"] = /(\d+) failed/.exec(stdout) ?? [];
      const times = readFileSync(log, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => Number(line.split("\t")[2]) / 1000);
      rmSync(log);
      return { failed: Number(failed), times };
    }),
  );
  const used = cpuTime(pids()) - before;
  const failed = all.reduce((sum, one) => sum + one.failed, 0);
  return loadOf(
    all.flatMap((one) => one.times),
    { seconds, failed, cpu: used },
  );
}

/** From the milliseconds that each call took, and the microseconds of processor time that all of them took. */
export function loadOf(
  taken: readonly number[],
  { seconds, failed, cpu }: { readonly seconds: number; readonly failed: number; readonly cpu: number },
): Load {
  const times = Float64Array.from(taken).sort();
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  const calls = times.length;
  return { rate: calls / seconds, p50: at(0.5), p99: at(0.99), calls, failed, cpu: cpu / calls };
}

/** Microseconds that the processes have run so far. The kernel counts in hundredths of a second. */
export function cpuTime(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * 10_000;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
