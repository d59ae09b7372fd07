import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import mysql from "mysql2/promise";
import { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { findOrStartMariadb } from "../support/servers";
import { Crowd } from "./crowd";
import { type Load, median } from "./load";
import { type Panel, plot } from "./plot";
import { type Subject, loadOn, startSubject } from "./subjects";

/**
 * What the reads cost the more there is: organizations with ten members each, and roles. Each size has a database of
 * its own; 64 calls in flight over 8 connections, which ask about eight organizations; medians of ROUNDS. Then what
 * memory it takes to have asked about every organization. Prints a table, and draws it into the file that PLOT names.
 */
const seconds = Number(process.env["SECONDS"] ?? 4);
const rounds = Number(process.env["ROUNDS"] ?? 5);
const environmentId = "production";
const permission = "invoices:read";
const membersOfEach = 10;
const usualRoles = 20;
const usualOrganizations = 1000;
const roleSizes = [10, 200, 400];
const organizationSizes = [1, 1000, 100_000];
const batchSize = 1000;

const { checkPermission, getAccess } = AccessServiceService;
const { listOrgRoles } = RoleServiceService;
const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));

interface Point {
  readonly organizations: number;
  readonly roles: number;
  readonly rpc: string;
  readonly rate: number;
  readonly p99: number;
}

/** Half of the roles are the environment's, half the first organizations' own; each has five permissions. */
async function fill({ service }: Subject, crowd: Crowd, roles: number): Promise<string> {
  const permissions = [permission, "b", "c", "d", "e"];
  for (const slug of permissions) await service.permissions.createPermission({ environmentId, slug, name: slug });
  const { role } = await service.roles.createRole({ environmentId, slug: "seat", name: "Seat", permissions });
  for (let number = 2; number < roles / 2; number += 1)
    await service.roles.createRole({ environmentId, slug: `role-${number}`, name: `Role ${number}`, permissions });
  for (const organizationId of listed(crowd))
    for (let number = 0; number < roles / 2; number += 1)
      await service.roles.createRole({ environmentId, organizationId, name: `Custom ${number}`, permissions });
  return role?.id ?? "";
}

/** Beside the crowd, so that its rows can be made at once. */
const listed = (crowd: Crowd) =>
  Array.from({ length: Math.min(8, crowd.organizations) }, (_, number) => `own-${number}`);

async function measure(
  url: string,
  connection: mysql.Connection,
  crowd: Crowd,
  roles: number,
  after: (subject: Subject) => Promise<void> = async () => {},
): Promise<Point[]> {
  await connection.query("CREATE DATABASE orgroles_growth");
  await connection.changeUser({ database: "orgroles_growth" });
  const subject = await startSubject(folder, { ORGROLES_DATABASE_URL: `${url}/orgroles_growth` });
  try {
    const roleId = await fill(subject, crowd, roles);
    const [[row]] = await connection.query<mysql.RowDataPacket[]>(
      "SELECT uid FROM environments WHERE id = 'production'",
    );
    await crowd.seed(connection, String(row?.["uid"]), roleId);
    await connection.query("ANALYZE TABLE organizations, role_assignments, roles, role_permissions");
    const owners = listed(crowd);
    for (const organizationId of owners)
      await subject.service.memberships.setMemberRoles({
        environmentId,
        organizationId,
        userId: "ann",
        roleSlugs: ["seat"],
      });
    const members = owners.flatMap((organizationId) => [{ organizationId, userId: "ann" }, crowd.anyone()]).slice(0, 8);
    const reads = {
      ListOrgRoles: [
        listOrgRoles,
        owners.map((organizationId) =>
          listOrgRoles.requestSerialize({ environmentId, organizationId, pageSize: 1000, pageToken: "" }),
        ),
      ],
      CheckPermission: [
        checkPermission,
        members.map((member) => checkPermission.requestSerialize({ environmentId, ...member, permission })),
      ],
      GetAccess: [getAccess, members.map((member) => getAccess.requestSerialize({ environmentId, ...member }))],
    } as const;
    const loads = new Map<string, Load[]>();
    for (let round = 0; round <= rounds; round += 1)
      for (const [rpc, [method, messages]] of Object.entries(reads)) {
        const used = messages.length === 8 ? messages : messages.slice(0, 1);
        const load = await loadOn(folder, subject, method.path, used, { seconds, connections: 8, streams: 8 });
        if (round) loads.set(rpc, [...(loads.get(rpc) ?? []), load]); // the first round warms up
      }
    const points = [...loads].map(([rpc, all]): Point => {
      const rate = median(all.map((load) => load.rate));
      const p99 = median(all.map((load) => load.p99));
      console.error(
        `${crowd.organizations} organizations, ${roles} roles, ${rpc}: ${Math.round(rate)}/s, p99 ${p99.toFixed(1)} ms`,
      );
      return { organizations: crowd.organizations, roles, rpc, rate, p99 };
    });
    await after(subject);
    return points;
  } finally {
    await subject.end();
    await connection.query("DROP DATABASE orgroles_growth");
  }
}

const residentMebibytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** Asks about every organization once. */
async function askEverywhere({ service }: Subject, crowd: Crowd): Promise<void> {
  const before = residentMebibytes(service.pid);
  for (let start = 0; start < crowd.organizations; start += batchSize) {
    const checks = Array.from({ length: batchSize }, (_, index) => ({
      ...crowd.member((start + index) * membersOfEach),
      permission,
    }));
    const { results } = await service.access.batchCheckPermissions({ environmentId, checks });
    if (!results.every(({ allowed }) => allowed)) throw new Error("a member may not do what its role grants");
  }
  const after = residentMebibytes(service.pid);
  console.log(
    `Memory before and after asking about ${crowd.organizations} organizations, with a cache of 64 MiB:` +
      ` ${Math.round(before)} and ${Math.round(after)} MiB.`,
  );
}

async function main(): Promise<void> {
  const server = await findOrStartMariadb("default");
  const connection = await mysql.createConnection(server.url);
  try {
    await connection.query("SET GLOBAL innodb_buffer_pool_size = 1073741824");
    const crowdOf = (organizations: number) => new Crowd(organizations, organizations * membersOfEach);
    const byRoles: Point[] = [];
    for (const roles of roleSizes)
      byRoles.push(...(await measure(server.url, connection, crowdOf(usualOrganizations), roles)));
    const byOrganizations: Point[] = [];
    for (const organizations of organizationSizes) {
      const crowd = crowdOf(organizations);
      const last = organizations === organizationSizes.at(-1);
      const after = last ? (subject: Subject) => askEverywhere(subject, crowd) : undefined;
      byOrganizations.push(...(await measure(server.url, connection, crowd, usualRoles, after)));
    }
    console.log("| organizations | roles | RPC | calls/s | p99 ms |\n|---|---|---|---|---|");
    for (const { organizations, roles, rpc, rate, p99 } of [...byOrganizations, ...byRoles])
      console.log(`| ${organizations} | ${roles} | ${rpc} | ${Math.round(rate)} | ${p99.toFixed(1)} |`);
    const panel = (title: string, points: readonly Point[], size: "organizations" | "roles"): Panel => ({
      title,
      points: points.map((point) => ({ series: point.rpc, x: point[size], rate: point.rate, p99: point.p99 })),
    });
    const panels = [
      panel(`organizations (${usualRoles} roles)`, byOrganizations, "organizations"),
      panel(`roles (${usualOrganizations} organizations)`, byRoles, "roles"),
    ];
    writeFileSync(process.env["PLOT"] ?? "dist/growth.svg", plot(panels));
  } finally {
    await connection.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
