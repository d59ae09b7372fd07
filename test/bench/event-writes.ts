import { performance } from "node:perf_hooks";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type mysql from "mysql2/promise";
import { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { connectTo } from "../support/connection";
import { type TestEngine, engineOn, sqliteEngine } from "../support/engines";
import { grpcBody, wireClient } from "../support/frames";
import { type ServiceProcess, startProcess } from "../support/process";
import { startPrivateMariadb, startPrivateMysql } from "../support/servers";
import { serving } from "../support/service";
import { median } from "./load";

/**
 * Compares the rate of writes with that of a service that leaves out its events, both on one database that flushes every
 * commit, in turns. Then adds EVENTS events to one of them, and compares the rates again, and pages of events with those of
 * before. PAIRS, SECONDS and ENGINES change the size, and POOL the memory of the server.
 */
const pairs = Number(process.env["PAIRS"] ?? 5);
const seconds = Number(process.env["SECONDS"] ?? 4);
const kept = Number(process.env["EVENTS"] ?? 1_000_000);
const engines = (process.env["ENGINES"] ?? "sqlite,mariadb,mysql").split(",") as Name[];

const environmentId = "alpha";
const organizations = 64;
const inFlight = [1, 16];
const permissions = ["p:1", "p:2", "p:3"];

interface Server {
  readonly engine: TestEngine;
  stop(): Promise<void>;
}

/** Options that operators set, too: a commit is on disk when it is acknowledged, and the memory fits the data. */
const options = ["--innodb-flush-log-at-trx-commit=1", `--innodb-buffer-pool-size=${process.env["POOL"] ?? "1G"}`];

const starts = {
  sqlite: async () => ({ engine: sqliteEngine, stop: async () => {} }),
  mariadb: async () => {
    const server = await startPrivateMariadb("default", ...options);
    return { engine: engineOn("mariadb", server.url), stop: () => server.stop() };
  },
  mysql: async () => {
    const server = await startPrivateMysql("default", ...options);
    return { engine: engineOn("mysql", server.url), stop: () => server.stop() };
  },
} satisfies Record<string, () => Promise<Server>>;
type Name = keyof typeof starts;

let made = 0;
const organization = (number: number) => `org-${number % organizations}`;

/** The calls that are measured: each has another request every time. */
const calls = {
  CreateRole: (organizationId: string) => ({
    path: RoleServiceService.createRole.path,
    body: RoleServiceService.createRole.requestSerialize({
      environmentId,
      organizationId: `${organizationId}-${Math.floor(made / 100)}`,
      name: `Role ${(made += 1)}`,
      description: "",
      permissions,
    }),
  }),
  SetMemberRoles: (organizationId: string) => ({
    path: MembershipServiceService.setMemberRoles.path,
    body: MembershipServiceService.setMemberRoles.requestSerialize({
      environmentId,
      organizationId,
      userId: `user-${(made += 1)}`,
      roleSlugs: ["member"],
    }),
  }),
} satisfies Record<string, (organizationId: string) => { path: string; body: Uint8Array }>;
type Call = keyof typeof calls;

/** Returns how many calls a second a service answers. */
async function rateOf({ address }: ServiceProcess, call: Call, count: number): Promise<number> {
  const client = wireClient(address);
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  const loop = async (_: unknown, number: number) => {
    while (performance.now() < end) {
      const { path: method, body } = calls[call](organization(number));
      const headers = { ":method": "POST", ":path": method, "content-type": "application/grpc", te: "trailers" };
      const { grpcStatus, text } = await client.send(headers, grpcBody(body));
      if (grpcStatus !== "0") throw new Error(`${call}: ${grpcStatus} ${text}`);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: count }, loop));
  client.close();
  return (done * 1000) / (performance.now() - start);
}

/** Returns the median of the ratios of pairs, each measured in turns. */
async function ratio(ours: () => Promise<number>, theirs: () => Promise<number>): Promise<string> {
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let pair = -1; pair < pairs; pair += 1) {
    const isFirst = pair % 2 === 0;
    const before = isFirst ? await theirs() : undefined;
    const own = await ours();
    const other = before ?? (await theirs());
    if (pair < 0) continue;
    ratios.push(own / other);
    rates.push(own);
  }
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((one) => one.toFixed(2));
  return `${median(ratios).toFixed(2)} (${least}–${most}), ${median(rates).toFixed(0)}/s`;
}

/** Adds events without content that the environment's organizations might have left, and gives them positions. */
async function addEvents(url: string, count: number): Promise<void> {
  const connection = await connectTo(url);
  try {
    const [[first]] = await connection.query<mysql.RowDataPacket[]>(
      "SELECT environment_uid AS uid, last_position AS position FROM event_sequences" +
        " WHERE environment_uid = (SELECT uid FROM environments WHERE id = 'alpha')",
    );
    const { uid, position } = first as { uid: string; position: number };
    const digits = `(${Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(" UNION ALL ")})`;
    for (let start = 0; start < count; start += 100_000)
      await connection.query(
        "INSERT INTO events SELECT environment_uid, CONCAT('evt_', LPAD(n, 26, '0')), n, CONCAT('org-', n % 5000), n," +
          " 0, environment_revision, type, CONCAT('user-', n), time, actor, acting_user_id, call_id, content, content_size" +
          ` FROM (SELECT ${start + position + 1} + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n` +
          ` FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f) numbers,` +
          " (SELECT * FROM events WHERE environment_uid = ? AND type = 'membership.created' LIMIT 1) sample ORDER BY n",
        [uid],
      );
    await connection.query("UPDATE event_sequences SET last_position = last_position + ? WHERE environment_uid = ?", [
      count,
      uid,
    ]);
  } finally {
    connection.destroy();
  }
}

/** Waits until the server has written to its files what was added, for ten minutes at most. */
async function settle(url: string): Promise<void> {
  const connection = await connectTo(url);
  try {
    for (let times = 0; times < 300; times += 1) {
      const [[row]] = await connection.query<mysql.RowDataPacket[]>(
        "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'",
      );
      if (Number(row?.["Value"]) < 1000) return;
      await sleep(2000);
    }
  } finally {
    connection.destroy();
  }
}

/** Returns the median milliseconds of a page of a hundred events: the newest, in the middle, and of one organization. */
async function pagesOf({ events }: ServiceProcess, tokens: readonly string[]): Promise<string> {
  const requests = [
    () => ({ newestFirst: true }),
    (times: number) => ({ after: tokens[times % tokens.length] ?? "" }),
    (times: number) => ({ organizationId: organization(times) }),
    (times: number) => ({ organizationId: organization(times), newestFirst: true }),
  ];
  const figures: string[] = [];
  for (const request of requests) {
    const taken: number[] = [];
    for (let times = 0; times < 100; times += 1) {
      const start = performance.now();
      await events.listEvents({ environmentId, pageSize: 100, ...request(times) });
      taken.push(performance.now() - start);
    }
    figures.push(median(taken).toFixed(1));
  }
  return `${figures.join(", ")} ms (newest, anywhere, of an organization, its newest)`;
}

const table: string[] = [];
function print(line: string): void {
  table.push(line);
  console.log(line);
}

/** Preloads a module of this folder into a process. */
const preload = (name: string) => ({ NODE_OPTIONS: `--require=${path.join(__dirname, name)}` });

async function measure(name: Name): Promise<void> {
  const { engine, stop } = await starts[name]();
  const [database, other] = [await engine.create(), await engine.create()];
  const settings = {
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_LOG_LEVEL: "error",
    ORGROLES_MAX_CUSTOM_ROLES: "1000",
  };
  const on = (url: string) => ({ ...settings, ORGROLES_DATABASE_URL: url });
  const ours = await startProcess(on(database.url));
  const theirs = await startProcess({ ...on(other.url), ...preload("without-events.js") });
  try {
    for (const service of [ours, theirs]) {
      await serving(service);
      for (const slug of permissions) await service.permissions.createPermission({ environmentId, slug, name: slug });
    }
    for (const call of Object.keys(calls) as Call[])
      for (const count of inFlight) {
        const figure = await ratio(
          () => rateOf(ours, call, count),
          () => rateOf(theirs, call, count),
        );
        print(`${name} | ${call}, ${count} in flight | ${figure}`);
      }
    if (name === "sqlite") return;
    print(
      `${name} | pages before | ${await pagesOf(ours, [(await ours.events.listEvents({ environmentId })).resumeToken])}`,
    );
    await addEvents(database.url, kept);
    await settle(database.url);
    const tokens: string[] = [];
    for (let times = 0; times < 50; times += 1) {
      const { events } = await ours.events.listEvents({
        environmentId,
        organizationId: organization(times),
        pageSize: 1000,
      });
      tokens.push(events[Math.floor(Math.random() * events.length)]?.resumeToken ?? "");
    }
    print(`${name} | pages with ${kept} more | ${await pagesOf(ours, tokens)}`);
    for (const call of Object.keys(calls) as Call[]) {
      const figure = await ratio(
        () => rateOf(ours, call, 16),
        () => rateOf(theirs, call, 16),
      );
      print(`${name} | ${call} with ${kept} more, 16 in flight | ${figure}`);
    }
  } finally {
    await ours.end();
    await theirs.end();
    await database.drop();
    await other.drop();
    await stop();
  }
}

async function main(): Promise<void> {
  for (const name of engines) await measure(name);
  console.log(`\n${table.join("\n")}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
