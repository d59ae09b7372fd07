import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import mysql from "mysql2/promise";
import { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { startProcess } from "../support/process";
import { findOrStartMariadb } from "../support/servers";
import { serving } from "../support/service";

/**
 * What is still answered under ten times the load that can be carried, in two forms beside 64 calls in flight: ten times
 * as many in flight, each answered or refused one followed by the next at once, and ten times the rate of calls whatever
 * becomes of them. h2load makes the calls, and the service's own metrics count what was answered. ListMemberships is
 * used, because every one of its calls costs several statements. QUEUE sets how many calls may wait.
 */
const seconds = 6;
/** Until as many calls wait as there can be. */
const warmUp = 3;
const pairs = 3;

async function answered(metrics: string): Promise<Record<string, number>> {
  const text = await (await fetch(`http://${metrics}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const [, labels = "", value] of text.matchAll(/^orgroles_calls_total\{(.*)\} (\d+)$/gm))
    if (labels.includes("ListMemberships")) {
      const code = /code="(\w+)"/.exec(labels)?.[1] ?? "";
      counts[code] = (counts[code] ?? 0) + Number(value);
    }
  return counts;
}

async function main(): Promise<void> {
  const server = await findOrStartMariadb("default");
  const connection = await mysql.createConnection(server.url);
  await connection.query("CREATE DATABASE orgroles_overload");
  const service = await startProcess({
    ORGROLES_DATABASE_URL: `${server.url}/orgroles_overload`,
    ORGROLES_ENVIRONMENTS: "production,beta",
    ORGROLES_METRICS_ADDRESS: "127.0.0.1:0",
    ...(process.env["QUEUE"] && { ORGROLES_MAX_QUEUE: process.env["QUEUE"] }),
  });
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  try {
    await serving(service);
    const scope = { environmentId: "production", organizationId: "acme" };
    for (let user = 0; user < 50; user += 1)
      await service.memberships.setMemberRoles({ ...scope, userId: `user-${user}`, roleSlugs: [] });
    const request = { ...scope, roleSlug: undefined, pageSize: 50, pageToken: "" };
    const bytes = MembershipServiceService.listMemberships.requestSerialize(request);
    const header = Buffer.alloc(5);
    header.writeUInt32BE(bytes.length, 1);
    const body = path.join(folder, "request");
    writeFileSync(body, Buffer.concat([header, bytes]));
    const metrics = /http:\/\/([\d.:]+)\/metrics/.exec(service.output())?.[1] ?? "";

    const measure = async (name: string, connections: number, ...options: string[]) => {
      const load = promisify(execFile)("h2load", [
        `--data=${body}`,
        "--header=content-type: application/grpc",
        "--header=te: trailers",
        `--duration=${warmUp + seconds + 1}`,
        `--clients=${connections}`,
        ...options,
        `http://${service.address}${MembershipServiceService.listMemberships.path}`,
      ]);
      await sleep(warmUp * 1000);
      const before = await answered(metrics);
      await sleep(seconds * 1000);
      const after = await answered(metrics);
      await load;
      const rate = (code: string) => Math.round(((after[code] ?? 0) - (before[code] ?? 0)) / seconds);
      console.log(`${name}: ${rate("OK")}/s answered, ${rate("RESOURCE_EXHAUSTED")}/s refused`);
      return rate("OK");
    };
    const inFlight = (calls: number) => measure(`${calls} in flight`, calls / 8, "--max-concurrent-streams=8");
    await inFlight(64);
    const ratios: Record<string, number[]> = { "ten times the calls in flight": [], "ten times the rate": [] };
    for (let pair = 0; pair < pairs; pair += 1) {
      const carried = await inFlight(64);
      ratios["ten times the calls in flight"]?.push((await inFlight(640)) / carried);
      const rate = carried * 10;
      const flood = await measure(`${rate}/s`, 80, `--rps=${rate / 80}`, "--max-concurrent-streams=256");
      ratios["ten times the rate"]?.push(flood / carried);
    }
    for (const [load, all] of Object.entries(ratios)) {
      const median = all.toSorted((a, b) => a - b)[Math.floor(pairs / 2)];
      console.log(`answered under ${load}, of the rate before: ${median?.toFixed(2)} (median)`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await service.end();
    await connection.query("DROP DATABASE orgroles_overload");
    await connection.end();
    await server.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
