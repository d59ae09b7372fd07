import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import mysql from "mysql2/promise";
import { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { childrenOf } from "../support/process";
import { type DatabaseServer, findOrStartMariadb } from "../support/servers";
import { Crowd, type Member } from "./crowd";
import { type Load, type Shape, type Target, h2load } from "./load";
import { Report, type Row } from "./report";
import { measureStart } from "./start";
import { holdToShare } from "./shares";
import { type Subject, answerOf, loadOn, startBare, startSubject } from "./subjects";
import { measureCreation } from "./creation";

/**
 * What the service costs above gRPC itself: each kind of work beside a server on grpc-js that answers the same bytes
 * and does nothing for them, in turn, in one run. ORGANIZATIONS, MEMBERS, PAIRS and SECONDS set the size; ONLY is a
 * regular expression of the rows to measure.
 */
const organizations = Number(process.env["ORGANIZATIONS"] ?? 100_000);
const members = Number(process.env["MEMBERS"] ?? 1_000_000);
const pairs = Number(process.env["PAIRS"] ?? 5);
const seconds = Number(process.env["SECONDS"] ?? 4);
const only = new RegExp(process.env["ONLY"] ?? "");

const many: Shape = { seconds, connections: 8, streams: 8 };
const one: Shape = { seconds, connections: 1, streams: 1 };

const environmentId = "production";
const permission = "invoices:read";
const { checkPermission, getAccess, batchCheckPermissions } = AccessServiceService;
const { listOrgRoles } = RoleServiceService;
const batch = 100;

/** On SQLite, where they are made by calls. */
const few = new Crowd(1000, 10_000);
const crowd = new Crowd(organizations, members);
const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
const report = new Report({ pairs, seconds, organizations, members });

const list = () => listOrgRoles.requestSerialize({ environmentId, organizationId: "acme", pageSize: 0, pageToken: "" });
const check = (member: Member) => checkPermission.requestSerialize({ environmentId, ...member, permission });
const access = (member: Member) => getAccess.requestSerialize({ environmentId, ...member });
const checks = () => {
  const all = Array.from({ length: batch }, () => ({ ...crowd.anyone(), permission }));
  return batchCheckPermissions.requestSerialize({ environmentId, checks: all });
};
interface Method {
  readonly path: string;
}

/** One for each connection. */
const eight = (message: (member: Member) => Uint8Array, of = crowd) =>
  Array.from({ length: many.connections }, () => message(of.anyone()));

const onSubject = (subject: Subject, method: Method, messages: readonly Uint8Array[], shape: Shape) =>
  loadOn(folder, subject, method.path, messages, shape);

const onBare = (bare: Target, method: Method, messages: readonly Uint8Array[], shape: Shape) =>
  h2load(folder, bare, method.path, messages, shape);

/** Both in turn, so that whatever else the machine does meets both; the first time does not count. */
async function inTurn(row: Row, ours: () => Promise<Load>, theirs: () => Promise<Load>): Promise<void> {
  if (!only.test(row.work)) return;
  await theirs();
  await ours();
  for (let pair = 0; pair < pairs; pair += 1) report.pair(row, await theirs(), await ours());
  report.print(row.work);
}

/** An organization with 20 roles, ten of them its own, each with three permissions; and the role of the crowd. */
async function fill({ service }: Subject): Promise<string> {
  const permissions = [permission, "invoices:write", "projects:read"];
  for (const slug of permissions) await service.permissions.createPermission({ environmentId, slug, name: slug });
  const { role } = await service.roles.createRole({ environmentId, slug: "seat", name: "Seat", permissions });
  for (let number = 0; number < 8; number += 1)
    await service.roles.createRole({ environmentId, slug: `role-${number}`, name: `Role ${number}`, permissions });
  for (let number = 0; number < 10; number += 1)
    await service.roles.createRole({ environmentId, organizationId: "acme", name: `Custom ${number}`, permissions });
  return role?.id ?? "";
}

async function seed(connection: mysql.Connection, roleId: string): Promise<void> {
  const [[row]] = await connection.query<mysql.RowDataPacket[]>("SELECT uid FROM environments WHERE id = ?", [
    environmentId,
  ]);
  await crowd.seed(connection, String(row?.["uid"]), roleId);
  await connection.query("ANALYZE TABLE organizations, role_assignments, roles, role_permissions, permissions");
}

async function reads(
  subject: Subject,
  of: Crowd,
  database: string,
  goals: Readonly<Record<string, [number, number]>>,
): Promise<void> {
  const bare = await startBare({
    [listOrgRoles.path]: await answerOf(subject, listOrgRoles.path, list()),
    [checkPermission.path]: await answerOf(subject, checkPermission.path, check(crowd.member(0))),
    [getAccess.path]: await answerOf(subject, getAccess.path, access(crowd.member(0))),
  });
  const row = (rpc: string): Row => {
    const [goal, least] = goals[rpc] ?? [0, 0];
    return { work: `${rpc}, ${database}`, against: "a bare server", goal, least };
  };
  try {
    await inTurn(
      row("ListOrgRoles"),
      () => onSubject(subject, listOrgRoles, [list()], many),
      () => onBare(bare, listOrgRoles, [list()], many),
    );
    await inTurn(
      row("CheckPermission"),
      () => onSubject(subject, checkPermission, eight(check, of), many),
      () => onBare(bare, checkPermission, eight(check, of), many),
    );
    await inTurn(
      row("GetAccess"),
      () => onSubject(subject, getAccess, eight(access, of), many),
      () => onBare(bare, getAccess, eight(access, of), many),
    );
  } finally {
    await bare.end();
  }
}

async function onMariadb(server: DatabaseServer): Promise<void> {
  const connection = await mysql.createConnection(server.url);
  await connection.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
  await connection.query("SET GLOBAL innodb_buffer_pool_size = 1073741824");
  await connection.query("CREATE DATABASE orgroles_bench");
  await connection.changeUser({ database: "orgroles_bench" });
  const settings = { ORGROLES_DATABASE_URL: `${server.url}/orgroles_bench`, ORGROLES_MAX_CUSTOM_ROLES: "1000" };
  const subject = await startSubject(folder, settings);
  try {
    await seed(connection, await fill(subject));
    await reads(subject, crowd, "MariaDB", {
      ListOrgRoles: [0.75, 0.6],
      CheckPermission: [0.65, 0.5],
      GetAccess: [0.65, 0.5],
    });
    await inTurn(
      { work: `BatchCheckPermissions of ${batch}`, against: "single checks", goal: 20 / batch, least: 10 / batch },
      () => onSubject(subject, batchCheckPermissions, Array.from({ length: 8 }, checks), many),
      () => onSubject(subject, checkPermission, eight(check), many),
    );
    await oneAtATime(subject, connection, settings.ORGROLES_DATABASE_URL);
    await measureCreation(connection, settings.ORGROLES_DATABASE_URL, subject, report, { pairs, seconds, only });
    await subject.end();
    await workers(settings);
  } finally {
    await subject.end();
    await connection.query("DROP DATABASE orgroles_bench");
    await connection.end();
  }
}

async function oneAtATime(subject: Subject, connection: mysql.Connection, url: string): Promise<void> {
  const [[row]] = await connection.query<mysql.RowDataPacket[]>("SELECT environment_uid AS uid FROM role_assignments");
  const bare = await startBare(
    { [checkPermission.path]: await answerOf(subject, checkPermission.path, check(crowd.member(0))) },
    {
      url,
      sql: "SELECT role_id FROM role_assignments WHERE environment_uid = ? AND organization_uid = ? AND user_id = ?",
      values: [String(row?.["uid"]), crowd.organizationUid(0), crowd.userId(0)],
    },
  );
  try {
    await inTurn(
      {
        work: "CheckPermission, one at a time, p50",
        against: "a bare server with one query",
        figure: "p50",
        goal: 1.25,
        least: 1.6,
      },
      () => onSubject(subject, checkPermission, [check(crowd.anyone())], one),
      () => onBare(bare, checkPermission, [check(crowd.anyone())], one),
    );
  } finally {
    await bare.end();
  }
}

/**
 * Two services on the same database, one of them with two workers: on the cores that the database and the load leave
 * them, and then each process on half a core, which leaves the others enough.
 */
async function workers(settings: Record<string, string>): Promise<void> {
  const work = "two workers, CheckPermission";
  const onHalf = "two workers on half a core each";
  if (!only.test(work) && !only.test(onHalf)) return;
  const started: Subject[] = [];
  const start = async (more: Record<string, string>) => {
    const subject = await startSubject(folder, { ...settings, ...more });
    started.push(subject);
    return subject;
  };
  let release: (() => void) | undefined;
  try {
    const single = await start({});
    const double = await start({ ORGROLES_WORKERS: "2" });
    const compare = (row: Pick<Row, "work" | "against">) =>
      inTurn(
        { ...row, goal: 1.6, least: 1.3 },
        () => onSubject(double, checkPermission, eight(check), many),
        () => onSubject(single, checkPermission, eight(check), many),
      );
    await compare({ work, against: "one" });
    release = holdToShare(0.5, [single.service.pid, ...childrenOf(double.service.pid)]);
    if (release) await compare({ work: onHalf, against: "one on half a core" });
    else report.note(`${onHalf}: not measured, for this takes root and control groups.`);
  } finally {
    await Promise.all(started.map((subject) => subject.end()));
    release?.();
  }
}

async function onSqlite(): Promise<void> {
  const subject = await startSubject(folder, { ORGROLES_DATABASE_URL: `sqlite:${folder}/orgroles.db` });
  try {
    await fill(subject);
    for (let start = 0; start < few.members; start += 1000) {
      const memberships = Array.from({ length: 1000 }, (_, index) => ({
        ...few.member(start + index),
        roleSlugs: ["seat"],
      }));
      await subject.service.memberships.batchSetMemberRoles({ environmentId, memberships });
    }
    await reads(subject, few, "SQLite", {
      ListOrgRoles: [0.65, 0.45],
      CheckPermission: [0.65, 0.45],
      GetAccess: [0.65, 0.45],
    });
  } finally {
    await subject.end();
  }
}

async function main(): Promise<void> {
  const server = await findOrStartMariadb("default");
  try {
    report.database = server.version;
    await onMariadb(server);
    if (only.test("SQLite")) await onSqlite();
    await measureStart(folder, report, { times: pairs, only });
    report.write();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
