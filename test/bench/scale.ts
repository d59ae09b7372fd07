import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import { startProcess } from "../support/process";
import { findOrStartMariadb } from "../support/servers";
import { serving } from "../support/service";
import { Crowd } from "./crowd";

/**
 * What changes to a whole environment cost with many organizations and members, beside the naive way on the same rows
 * of the same server. ORGANIZATIONS and MEMBERS set the size; every commit is flushed.
 */
const organizations = Number(process.env["ORGANIZATIONS"] ?? 100_000);
const members = Number(process.env["MEMBERS"] ?? 1_000_000);
const crowd = new Crowd(organizations, members);
const readers = 4;
const writers = 4;
/** Milliseconds between two calls of one of them. */
const rest = 10;
const quietSeconds = 10;
/** The sweep is watched for so long, or until it has done. */
const sweepSeconds = 90;

interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly highest: number;
  readonly failed: number;
}

const rounded = (milliseconds: number) => Math.round(milliseconds * 10) / 10;

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await work();
  return { result, ms: rounded(performance.now() - start) };
}

/** Calls in loops that rest between two calls, so that the machine is busy and not full, until they are stopped. */
function load(loops: number, call: () => Promise<unknown>) {
  const stopping = new AbortController();
  let failed = 0;
  const taken: number[] = [];
  const running = Array.from({ length: loops }, async () => {
    while (!stopping.signal.aborted) {
      const start = performance.now();
      await call().catch(() => (failed += 1));
      taken.push(performance.now() - start);
      await sleep(rest);
    }
  });
  return async (): Promise<Latencies> => {
    stopping.abort();
    await Promise.all(running);
    taken.sort((a, b) => a - b);
    const at = (share: number) => rounded(taken[Math.min(taken.length - 1, Math.floor(taken.length * share))] ?? 0);
    return { count: taken.length, p50: at(0.5), p99: at(0.99), highest: at(1), failed };
  };
}

/** Runs `work` with readers and writers beside it. */
async function beside<T>(read: () => Promise<unknown>, write: () => Promise<unknown>, work: () => Promise<T>) {
  const stops = [load(readers, read), load(writers, write)];
  const { result, ms } = await timed(work);
  const [reads, writes] = await Promise.all(stops.map((stop) => stop()));
  return { result, ms, reads: reads as Latencies, writes: writes as Latencies };
}

const table: [string, ...(string | number)[]][] = [];
const row = (what: string, ms: number, loads?: { reads: Latencies; writes: Latencies }) =>
  table.push([
    what,
    ms,
    ...(loads
      ? [loads.reads.p99, loads.writes.p99, loads.writes.highest, loads.reads.failed + loads.writes.failed]
      : []),
  ]);

async function main(): Promise<void> {
  const server = await findOrStartMariadb("default");
  const connection = await mysql.createConnection(server.url);
  await connection.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
  await connection.query("SET GLOBAL innodb_buffer_pool_size = 1073741824");
  await connection.query("CREATE DATABASE orgroles_scale");
  await connection.changeUser({ database: "orgroles_scale" });
  const settings = {
    ORGROLES_DATABASE_URL: `${server.url}/orgroles_scale`,
    ORGROLES_ENVIRONMENTS: "production,beta",
    ORGROLES_DATABASE_TIMEOUT_MS: "120000",
  };
  const service = await startProcess(settings);
  try {
    await serving(service);
    const environmentId = "production";
    const { role } = await service.roles.createRole({ environmentId, slug: "seat", name: "Seat" });
    const [[environment]] = await connection.query<mysql.RowDataPacket[]>(
      "SELECT uid FROM environments WHERE id = 'production'",
    );
    const uid = String(environment?.["uid"]);
    const roleId = role?.id ?? "";
    const seeding = await timed(() => crowd.seed(connection, uid, roleId));
    console.error(`seeded ${organizations} organizations and ${members} members in ${seeding.ms} ms`);

    const anyMember = () => ({ environmentId, ...crowd.anyone() });
    const read = () => service.access.getAccess(anyMember());
    const write = () => service.memberships.setMemberRoles({ ...anyMember(), roleSlugs: ["member"] });
    const quiet = await beside(read, write, () => sleep(quietSeconds * 1000));
    row(`${quietSeconds} s without anything`, quiet.ms, quiet);

    const creation = await timed(() => service.roles.createRole({ environmentId, slug: "new", name: "New" }));
    row("a new environment role", creation.ms);
    const deletion = await timed(() => service.roles.deleteEnvironmentRole({ environmentId, slug: "seat" }));
    row(`deletion of a role of ${deletion.result.reassignedMembershipCount} members: the call`, deletion.ms);
    const left = async () => {
      const [rows] = await connection.query<mysql.RowDataPacket[]>(
        "SELECT COUNT(*) AS count FROM role_assignments WHERE environment_uid = ? AND role_id = ?",
        [uid, roleId],
      );
      return Number(rows[0]?.["count"]);
    };
    const before = await left();
    const sweep = await beside(read, write, async () => {
      const deadline = performance.now() + sweepSeconds * 1000;
      while (performance.now() < deadline && (await left())) await sleep(2000);
    });
    const swept = before - (await left());
    row(
      `… its sweep: ${swept} of ${before} rows, ${Math.round((swept / sweep.ms) * 1000)} in a second`,
      sweep.ms,
      sweep,
    );

    await naive(connection, settings.ORGROLES_DATABASE_URL, uid);
  } finally {
    await service.end();
    await connection.query("DROP DATABASE orgroles_scale");
    await connection.end();
    await server.stop();
  }
  print();
}

/** The same changes, written out into every row that they concern. */
async function naive(connection: mysql.Connection, uri: string, uid: string): Promise<void> {
  await connection.query("CREATE TABLE naive_organizations LIKE organizations");
  await connection.query(
    "INSERT INTO naive_organizations SELECT environment_uid, id, uid, revision, default_role_id, REPEAT('x', 128)" +
      " FROM organizations",
  );
  await connection.query("CREATE TABLE naive_assignments LIKE role_assignments");
  await connection.query("INSERT INTO naive_assignments SELECT * FROM role_assignments");
  const pool = mysql.createPool({ uri, connectionLimit: readers + writers });
  try {
    const anyMember = () => {
      const number = crowd.anyNumber();
      return [uid, crowd.organizationUid(crowd.organizationOf(number)), crowd.userId(number)];
    };
    const where = "environment_uid = ? AND organization_uid = ? AND user_id = ?";
    const read = () => pool.query(`SELECT role_id FROM naive_assignments WHERE ${where}`, anyMember());
    const write = () =>
      pool.query(`UPDATE naive_assignments SET update_time = update_time + 1 WHERE ${where}`, anyMember());
    const appended = await timed(() =>
      connection.query(
        "UPDATE naive_organizations SET role_order = CONCAT(role_order, ',role_new') WHERE environment_uid = ?",
        [uid],
      ),
    );
    row("naive: a new role appended to every organization's order", appended.ms);
    const updated = await beside(read, write, () =>
      connection.query("UPDATE naive_assignments SET role_id = 'role_default' WHERE environment_uid = ?", [uid]),
    );
    row("naive: every member's row in one UPDATE", updated.ms, updated);
  } finally {
    await pool.end();
  }
}

function print(): void {
  const head = ["what", "ms", "reads' p99 ms", "writes' p99 ms", "slowest write ms", "failed"];
  console.log(`| ${head.join(" | ")} |\n|${head.map(() => "---").join("|")}|`);
  for (const cells of table) console.log(`| ${head.map((_, index) => cells[index] ?? "").join(" | ")} |`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
