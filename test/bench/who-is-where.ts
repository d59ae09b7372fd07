import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import { startProcess } from "../support/process";
import { startPrivateMariadb } from "../support/servers";
import { serving } from "../support/service";
import { Crowd } from "./crowd";

/**
 * What the reads over many organizations cost among 1 000 000 members of 100 000 organizations, and how long other calls
 * wait while all memberships of a user end. ORGANIZATIONS and MEMBERS set the size.
 */
const organizations = Number(process.env["ORGANIZATIONS"] ?? 100_000);
const members = Number(process.env["MEMBERS"] ?? 1_000_000);
const crowd = new Crowd(organizations, members);
const calls = Number(process.env["CALLS"] ?? 300);
const environmentId = "production";
const pageSize = 100;
/** How many organizations a user belongs to. */
const busyUsers = [10, 100, 1000, 10_000].filter((count) => count <= organizations);
const busyUser = (count: number) => `busy-${count}`;
/** The members of one organization apart. */
const largest = Math.min(100_000, members);

const rounded = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
const table: (string | number)[][] = [];

function row(what: string, taken: number[]): void {
  taken.sort((a, b) => a - b);
  const at = (share: number) => rounded(taken[Math.min(taken.length - 1, Math.floor(taken.length * share))] ?? 0);
  table.push([what, taken.length, at(0.5), at(0.99), at(1)]);
  console.error(table.at(-1)?.join(" | "));
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function measure(what: string, call: () => Promise<unknown>, count = calls): Promise<void> {
  for (let times = 0; times < Math.min(20, count); times += 1) await call();
  const taken: number[] = [];
  for (let times = 0; times < count; times += 1) taken.push(await time(call));
  row(what, taken);
}

/** Calls one after the other with a pause in between, until the work is done. */
async function beside(what: string, call: () => Promise<unknown>, work: () => Promise<unknown>): Promise<void> {
  const stopping = new AbortController();
  const taken: number[] = [];
  const running = (async () => {
    while (!stopping.signal.aborted) {
      taken.push(await time(call));
      await sleep(5);
    }
  })();
  const whole = await time(work);
  stopping.abort();
  await running;
  row(what, [whole]);
  row("… writes beside it", taken);
}

async function insertRows(connection: mysql.Connection, rows: unknown[][]): Promise<void> {
  for (let start = 0; start < rows.length; start += 5000)
    await connection.query("INSERT INTO role_assignments VALUES ?", [rows.slice(start, start + 5000)]);
}

async function main(): Promise<void> {
  const server = await startPrivateMariadb(
    "default",
    "--innodb-buffer-pool-size=1G",
    "--innodb-flush-log-at-trx-commit=1",
  );
  const connection = await mysql.createConnection(server.url);
  await connection.query("CREATE DATABASE orgroles_who");
  await connection.changeUser({ database: "orgroles_who" });
  const service = await startProcess({
    ORGROLES_DATABASE_URL: `${server.url}/orgroles_who`,
    ORGROLES_ENVIRONMENTS: "production,beta",
    ORGROLES_LOG_LEVEL: "error",
  });
  try {
    await serving(service);
    const { memberships, environments, roles } = service;
    const { role } = await roles.createRole({ environmentId, slug: "seat", name: "Seat" });
    const { role: member } = await roles.getRole({ environmentId, slug: "member" });
    const [[environment]] = await connection.query<mysql.RowDataPacket[]>(
      "SELECT uid FROM environments WHERE id = 'production'",
    );
    const uid = String(environment?.["uid"]);
    const seeded = await time(() => crowd.seed(connection, uid, role?.id ?? ""));
    const assignment = (organization: number, userId: string) => [
      uid,
      crowd.organizationUid(organization),
      userId,
      member?.id,
      0,
      1,
      1,
    ];
    for (const count of busyUsers) {
      const step = Math.floor(organizations / count);
      const rows = Array.from({ length: count }, (_, index) => assignment(index * step, busyUser(count)));
      await insertRows(connection, rows);
    }
    const inLargest = Array.from({ length: largest }, (_, index) => assignment(0, `crowd-${index}`));
    await insertRows(connection, inLargest);
    await connection.query("ANALYZE TABLE role_assignments, organizations");
    console.error(`seeded in ${rounded(seeded)} ms`);

    const anyId = () => crowd.anyone().organizationId;
    const write = () => memberships.setMemberRoles({ environmentId, ...crowd.anyone(), roleSlugs: ["member"] });
    await connection.query("DROP INDEX role_assignments_user ON role_assignments");
    await beside("the index of the migration", write, () =>
      connection.query(
        "CREATE INDEX role_assignments_user ON role_assignments (environment_uid, user_id, organization_uid)",
      ),
    );

    await measure("ListOrganizations, first page", () => environments.listOrganizations({ environmentId, pageSize }));
    await measure("ListOrganizations, by a prefix", () =>
      environments.listOrganizations({ environmentId, pageSize, organizationIdPrefix: anyId().slice(0, -2) }),
    );
    await measure("GetOrganization of 10 members", () =>
      environments.getOrganization({ environmentId, organizationId: anyId() }),
    );
    await measure(
      `GetOrganization of ${largest} members`,
      () => environments.getOrganization({ environmentId, organizationId: crowd.organizationId(0) }),
      20,
    );
    await measure(`ListMemberships by a prefix, of ${largest}`, () =>
      memberships.listMemberships({
        environmentId,
        organizationId: crowd.organizationId(0),
        pageSize,
        userIdPrefix: `crowd-${1 + Math.floor(Math.random() * 9)}`,
      }),
    );
    await measure("for comparison: ListMemberships, first page", () =>
      memberships.listMemberships({ environmentId, organizationId: crowd.organizationId(0), pageSize }),
    );
    await measure("for comparison: GetMembership", () =>
      memberships.getMembership({ environmentId, ...crowd.anyone() }),
    );
    await measure("ListUserMemberships of 1 organization", () =>
      memberships.listUserMemberships({ environmentId, pageSize, userId: crowd.anyone().userId }),
    );
    for (const count of busyUsers)
      await measure(`ListUserMemberships of ${count} organizations, first page`, () =>
        memberships.listUserMemberships({ environmentId, pageSize, userId: busyUser(count) }),
      );
    await measure(`ListRoleMemberships of ${members}, first page`, () =>
      memberships.listRoleMemberships({ environmentId, roleSlug: "seat", pageSize }),
    );
    const walk = () => {
      let pageToken = "";
      return async (roleSlug: string) => {
        const page = await memberships.listRoleMemberships({ environmentId, roleSlug, pageSize, pageToken });
        pageToken = page.nextPageToken;
      };
    };
    const next = walk();
    await measure(`ListRoleMemberships of ${members}, page after page`, () => next("seat"));
    const count = busyUsers.at(-1) ?? 0;
    await beside(`DeleteUserMemberships of ${count} organizations`, write, () =>
      memberships.deleteUserMemberships({ environmentId, userId: busyUser(count) }),
    );
    await roles.deleteEnvironmentRole({ environmentId, slug: "seat" });
    const resolved = walk();
    await measure("ListRoleMemberships right after the deletion of the role of 1 000 000", () => resolved("member"));
  } finally {
    await service.end();
    await connection.end();
    await server.stop();
  }
  const head = ["call", "calls", "p50 ms", "p99 ms", "slowest ms"];
  console.log(`| ${head.join(" | ")} |\n|${head.map(() => "---").join("|")}|`);
  for (const cells of table) console.log(`| ${cells.join(" | ")} |`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
