import { randomBytes, randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import mysql from "mysql2/promise";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { grpcBody, wireClient } from "../support/frames";
import { type Load, cpuTime, loadOf } from "./load";
import type { Report } from "./report";
import type { Subject } from "./subjects";

const work = "CreateRole, 5 permissions, request_id";
const organizations = 16;
const inFlight = 64;
const environmentId = "production";
const permissions = ["p:1", "p:2", "p:3", "p:4", "p:5"];
const poolSize = 10;
const { createRole } = RoleServiceService;

/** By HTTP/2 itself: a client of gRPC would take as much of the processors as the call. */
const grpcHeaders = ({ token }: Subject) => ({
  ":method": "POST",
  ":path": createRole.path,
  "content-type": "application/grpc",
  te: "trailers",
  ...(token && { authorization: `Bearer ${token}` }),
});

/**
 * CreateRole beside its own SQL: what the database's log shows of one call is sent over and over by mysql2 alone, with
 * new ids, over as many connections. Each side has organizations of its own, so that neither meets the other's rows.
 */
export async function measureCreation(
  connection: mysql.Connection,
  uri: string,
  subject: Subject,
  report: Report,
  { pairs, seconds, only }: { pairs: number; seconds: number; only: RegExp },
): Promise<void> {
  if (!only.test(work)) return;
  const { service } = subject;
  for (const slug of permissions) await service.permissions.createPermission({ environmentId, slug, name: slug });
  const client = wireClient(subject.address);
  const headers = grpcHeaders(subject);
  const create = async (organizationId: string, requestId: string) => {
    const request = { environmentId, organizationId, name: "Bench", description: "", permissions, requestId };
    const { grpcStatus, text } = await client.send(headers, grpcBody(createRole.requestSerialize(request)));
    if (grpcStatus !== "0") throw new Error(`CreateRole: ${grpcStatus} ${text}`);
  };
  const fresh = async (side: string, pair: number) => {
    const ids = Array.from({ length: organizations }, (_, number) => `${side}-${pair}-${number}`);
    for (const id of ids) await create(id, randomUUID());
    return ids;
  };

  const [sample = ""] = await fresh("sample", 0);
  const named = { environmentId, organizationId: sample, name: "Bench", permissions, requestId: randomUUID() };
  const recorded = await record(connection, () => service.roles.createRole(named));
  const statements = recorded.statements.map((sql) => template(sql, sample, recorded.answer));
  const pool = mysql.createPool({ uri, connectionLimit: poolSize });
  pool.pool.on("connection", (opened) => opened.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"));
  const bare = async (organizationId: string) => {
    const one = await pool.getConnection();
    try {
      const values = {
        organizationId,
        requestId: randomUUID(),
        suffix: suffix(),
        slug: `${suffix()}${suffix()}`.toLowerCase(),
      };
      for (const statement of statements) await one.query(statement(values));
    } finally {
      one.release();
    }
  };
  const row = { work, against: "its SQL by mysql2", goal: 0.7, least: 0.55 };
  try {
    for (let pair = -1; pair < pairs; pair += 1) {
      const theirs = await loop(await fresh("theirs", pair), seconds, bare, [process.pid]);
      const ours = await loop(await fresh("ours", pair), seconds, (id) => create(id, randomUUID()), subject.pids());
      if (pair >= 0) report.pair(row, theirs, ours);
    }
  } finally {
    client.close();
    await pool.end();
  }
  report.note(`${work}: ${statements.length} statements; ${inFlight} calls in flight over one connection.`);
  report.print(work);
}

/** Crockford's alphabet without what looks alike, as ids have it. */
const suffix = () => Array.from(randomBytes(6), (byte) => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[byte % 32]).join("");

interface Values {
  readonly organizationId: string;
  readonly requestId: string;
  readonly suffix: string;
  readonly slug: string;
}

/** A statement for any call, made from that of one call. */
function template(sql: string, organizationId: string, { id, slug, requestId }: Recorded["answer"]) {
  const last = id.slice(-6);
  return (values: Values) =>
    sql
      .replaceAll(slug, values.slug)
      .replaceAll(id, id.slice(0, -last.length) + values.suffix)
      .replaceAll(requestId, values.requestId)
      .replaceAll(`'${organizationId}'`, `'${values.organizationId}'`);
}

interface Recorded {
  readonly statements: readonly string[];
  readonly answer: { readonly id: string; readonly slug: string; readonly requestId: string };
}

/** The statements of one call, as the database's log has them. */
async function record(
  connection: mysql.Connection,
  call: () => ReturnType<Subject["service"]["roles"]["createRole"]>,
): Promise<Recorded> {
  await connection.query("SET GLOBAL log_output = 'TABLE'");
  await connection.query("TRUNCATE TABLE mysql.general_log");
  await connection.query("SET GLOBAL general_log = 1");
  const { role } = await call();
  await connection.query("SET GLOBAL general_log = 0");
  const [rows] = await connection.query<mysql.RowDataPacket[]>(
    "SELECT thread_id AS thread, CONVERT(argument USING utf8mb4) AS text FROM mysql.general_log" +
      " WHERE command_type = 'Query' ORDER BY event_time",
  );
  const all = rows.map((row) => ({ thread: Number(row["thread"]), text: String(row["text"]) }));
  const inserted = all.find(({ text }) => /^INSERT INTO `?roles`?/.test(text));
  const ofCall = all.filter(({ thread }) => thread === inserted?.thread).map(({ text }) => text);
  const begin = ofCall.indexOf("START TRANSACTION");
  const end = ofCall.indexOf("COMMIT", begin);
  const before = all.find(({ text }) => /FROM `?environments`?/.test(text))?.text;
  const requestId = /'([0-9a-f]{8}-[0-9a-f-]{27})'/.exec(ofCall.join(" "))?.[1];
  if (!role || !before || !requestId || begin < 0 || end < 0) throw new Error("the call was not found in the log");
  return { statements: [before, ...ofCall.slice(begin, end + 1)], answer: { id: role.id, slug: role.slug, requestId } };
}

async function loop(
  ids: readonly string[],
  seconds: number,
  call: (id: string) => Promise<unknown>,
  pids: readonly number[],
): Promise<Load> {
  const times: number[] = [];
  const before = cpuTime(pids);
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    Array.from({ length: inFlight }, async (_, number) => {
      while (performance.now() < end) {
        const begun = performance.now();
        await call(ids[number % ids.length] ?? "");
        times.push(performance.now() - begun);
      }
    }),
  );
  const elapsed = performance.now() - start;
  return loadOf(times, { seconds: elapsed / 1000, failed: 0, cpu: cpuTime(pids) - before });
}
