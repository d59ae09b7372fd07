import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import mysql from "mysql2/promise";
import { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { startProcess } from "../support/process";
import { findOrStartMariadb } from "../support/servers";
import { serving } from "../support/service";

/**
 * What is still answered when ten times as many calls are made as can be carried: h2load keeps 64 and then 640 calls in
 * flight, each answered or refused one followed by the next at once, and the service's own metrics count what was
 * answered. ListMemberships is used, because every one of its calls costs several statements.
 */
const seconds = 8;
const pairs = 5;

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
  const server = await findOrStartMariadb();
  const connection = await mysql.createConnection(server.url);
  await connection.query("CREATE DATABASE orgroles_overload");
  const service = await startProcess({
    ORGROLES_DATABASE_URL: `${server.url}/orgroles_overload`,
    ORGROLES_ENVIRONMENTS: "production,beta",
    ORGROLES_METRICS_ADDRESS: "127.0.0.1:0",
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

    const rateAt = async (connections: number): Promise<{ rate: number; refused: number }> => {
      const before = await answered(metrics);
      await promisify(execFile)("h2load", [
        `--data=${body}`,
        "--header=content-type: application/grpc",
        "--header=te: trailers",
        `--duration=${seconds}`,
        `--clients=${connections}`,
        "--max-concurrent-streams=8",
        `http://${service.address}${MembershipServiceService.listMemberships.path}`,
      ]);
      const after = await answered(metrics);
      const more = (code: string) => (after[code] ?? 0) - (before[code] ?? 0);
      return { rate: Math.round(more("OK") / seconds), refused: Math.round(more("RESOURCE_EXHAUSTED") / seconds) };
    };
    await rateAt(8);
    const ratios: number[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const carried = await rateAt(8);
      const overloaded = await rateAt(80);
      ratios.push(overloaded.rate / carried.rate);
      console.log(
        `64 in flight: ${carried.rate}/s · 640: ${overloaded.rate}/s answered, ${overloaded.refused}/s refused`,
      );
    }
    ratios.sort((a, b) => a - b);
    console.log(
      `answered under ten times the load, of the rate before: ${ratios[Math.floor(pairs / 2)]?.toFixed(2)} (median)`,
    );
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
