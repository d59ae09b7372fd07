import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Socket, connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { tokenDigest } from "../../src/auth/authenticator";
import { exchange, frame, grpcBody, preface, wireClient } from "../support/frames";
import { type ServiceProcess, startProcess } from "../support/process";
import { allRpcs, message, rawClient } from "../support/raw";
import { until } from "../support/until";

/** Cases in all; a nightly run has many more. */
const cases = Number(process.env["ORGROLES_TEST_FUZZ"] ?? 3000);
const seed = Number(process.env["ORGROLES_TEST_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const batchSize = 50;

/** What only the inside of the service would say. */
const inside =
  /sql|typeorm|maria|select |insert |node_modules|\.[jt]s\b|\bat .+:\d|errno|constraint|collation|stack|undefined|\[object/i;
/** Stands in what the other tenant has of each kind, and in no request of the attacker: what it guesses has other names. */
const marker = "Zanzibar";
/** What may not be said, whatever is sent. */
const faults = ["INTERNAL", "UNKNOWN", "UNAVAILABLE", "DATA_LOSS"];

const tokens = { attacker: "attacker-token", victim: "victim-token" };
const authorized = (token: string) => ({ authorization: `Bearer ${token}` });
const credentials = JSON.stringify([
  {
    name: "attacker",
    token_sha256: tokenDigest(tokens.attacker).toString("hex"),
    action: "write",
    environments: ["alpha"],
  },
  { name: "victim", token_sha256: tokenDigest(tokens.victim).toString("hex"), action: "admin", environments: ["beta"] },
]);

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
let service: ServiceProcess;
let untouched: Map<string, Buffer | undefined>;

/** Runs in the service: says on SIGUSR2 how much memory is in use after everything unused is gone. */
const hook = `
require("node:v8").setFlagsFromString("--expose-gc");
const gc = require("node:vm").runInNewContext("gc");
process.on("SIGUSR2", () => {
  gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  console.log("heap:" + (heapUsed + external + arrayBuffers));
});`;

const readings = () => [...service.output().matchAll(/^heap:(\d+)$/gm)].map(([, bytes]) => Number(bytes));

async function memoryOf(): Promise<number> {
  const before = readings().length;
  process.kill(service.pid, "SIGUSR2");
  return until("the service says how much memory it uses", async () => readings()[before]);
}

/** Everything that the other tenant can read of its own. */
async function victimView(): Promise<Map<string, Buffer | undefined>> {
  const raw = rawClient(service.address, authorized(tokens.victim));
  const organization = [2, "guessed-org"] as const;
  const view = new Map<string, Buffer | undefined>();
  for (const [rpc, request] of [
    ["EnvironmentService/GetEnvironment", message([1, "beta"])],
    ["RoleService/ListEnvironmentRoles", message([1, "beta"])],
    ["RoleService/ListOrgRoles", message([1, "beta"], organization)],
    ["PermissionService/ListPermissions", message([1, "beta"])],
    ["MembershipService/ListMemberships", message([1, "beta"], organization)],
  ] as const) {
    const { failure, response } = await raw.call(rpc, request);
    expect(failure).toBeUndefined();
    view.set(rpc, response);
  }
  raw.close();
  return view;
}

/** Gives the other tenant something of each kind, with the marker in it. */
async function furnishVictim(): Promise<void> {
  const victim = rawClient(service.address, authorized(tokens.victim));
  const organization = [2, "guessed-org"] as const;
  for (const [rpc, request] of [
    ["PermissionService/CreatePermission", message([1, "beta"], [2, "zanzibar:read"], [3, marker])],
    [
      "RoleService/CreateRole",
      message([1, "beta"], organization, [3, "org-zanzibar"], [4, marker], [6, "zanzibar:read"]),
    ],
    ["MembershipService/SetMemberRoles", message([1, "beta"], organization, [3, "guessed-user"], [4, "org-zanzibar"])],
    [
      "MembershipService/SetMemberRoles",
      message([1, "beta"], organization, [3, `${marker}-user`], [4, "org-zanzibar"]),
    ],
  ] as const)
    expect((await victim.call(rpc, request)).failure).toBeUndefined();
  victim.close();
  const view = await victimView();
  for (const rpc of [
    "RoleService/ListOrgRoles",
    "PermissionService/ListPermissions",
    "MembershipService/ListMemberships",
  ])
    expect(String(view.get(rpc))).toContain(marker);
}

/** The service lives, answers, and nobody was where the other tenant is. */
async function expectVictimUntouched(): Promise<void> {
  expect(await victimView()).toEqual(untouched);
  expect(service.output()).not.toMatch(/internal error|unhandled|uncaught/i);
}

beforeAll(async () => {
  const hookFile = path.join(folder, "hook.cjs");
  writeFileSync(hookFile, hook);
  service = await startProcess({
    ORGROLES_DATABASE_URL: `sqlite:${folder}/orgroles.db`,
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_CREDENTIALS: credentials,
    ORGROLES_LOG_LEVEL: "warn",
    NODE_OPTIONS: `--require ${hookFile}`,
  });
  await furnishVictim();
  untouched = await victimView();
});
afterEach(expectVictimUntouched);
afterAll(async () => {
  const code = await service?.end();
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the service ended with ${code}`);
});

/** Runs as many cases, some at once, and tells which failed and how to have it again. */
async function run<T>(
  count: number,
  half: number,
  arbitrary: fc.Arbitrary<T>,
  attempt: (one: T) => Promise<void>,
): Promise<void> {
  const all = fc.sample(arbitrary, { numRuns: count, seed: seed + half });
  expect(all).toHaveLength(count);
  for (let start = 0; start < count; start += batchSize)
    await Promise.all(
      all.slice(start, start + batchSize).map(async (one) => {
        try {
          await attempt(one);
        } catch (error) {
          throw new Error(`ORGROLES_TEST_FUZZ_SEED=${seed}: ${fc.stringify(one)}`, { cause: error });
        }
      }),
    );
}

/** Twice the same work: what the second half leaves in memory is left by every such half. */
async function withoutGrowth(work: (share: number, half: number) => Promise<void>, count: number): Promise<void> {
  await work(Math.ceil(count / 2), 0);
  const before = await memoryOf();
  await work(Math.ceil(count / 2), 1);
  const bound = before + 24 * 2 ** 20;
  await until("memory is given back", async () => ((await memoryOf()) < bound ? true : undefined));
}

const texts = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("alpha", "acme", "member", "org-own", "ann", "docs:read", "staff", "admin", "name"),
  },
  { weight: 2, arbitrary: fc.constantFrom("beta", "guessed-org", "guessed-user", "org-zanzibar", "zanzibar:read") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "' OR 1=1 --",
      "\0",
      "%",
      "_",
      "管理者",
      "🙂",
      "__proto__",
      "constructor",
      "a".repeat(5000),
      "$(id)",
      "\u202E",
      "../../etc/passwd",
      "{{7*7}}",
      "org-",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 80 }) },
);

/** Fields of the numbers that requests have, with values that fit, do not fit, or are messages themselves. */
const { tree } = fc.letrec<{ tree: Uint8Array; value: string | Uint8Array | number }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    { weight: 6, arbitrary: texts },
    { weight: 2, arbitrary: fc.oneof(fc.nat(3), fc.integer(), fc.maxSafeInteger()) },
    { weight: 2, arbitrary: tie("tree") },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  ),
  tree: fc
    .array(
      fc.tuple(
        fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 2, max: 8 }) }, fc.integer({ min: 1, max: 2 ** 29 - 1 })),
        tie("value"),
      ),
      { maxLength: 7 },
    )
    .map((fields) => message(...fields)),
}));

const scoped = tree.map((rest) => Buffer.concat([message([1, "alpha"]), rest]));
const elsewhere = tree.map((rest) => Buffer.concat([message([1, "beta"], [2, "guessed-org"]), rest]));
const damaged = fc
  .tuple(scoped, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([request, changes, cut]) => {
    const bytes = Buffer.from(request);
    for (const [place, value] of changes) bytes[place % bytes.length] = value;
    return cut ? bytes.subarray(0, (changes[0]?.[0] ?? 0) % bytes.length) : bytes;
  });
const requests = fc.record({
  rpc: fc.constantFrom(...allRpcs),
  bytes: fc.oneof(
    { weight: 5, arbitrary: scoped },
    { weight: 2, arbitrary: elsewhere },
    { weight: 3, arbitrary: damaged },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  ),
});

test("messages of any kind to any RPC are answered or refused, and tell nothing of others", async () => {
  const raw = rawClient(service.address, authorized(tokens.attacker));
  const reasons = new Set<string>();
  const attempt = async ({ rpc, bytes }: { rpc: string; bytes: Buffer }) => {
    const { failure, response, headerBytes } = await raw.call(rpc, bytes);
    expect(response?.includes(marker) ?? false).toBe(false);
    if (!failure) return void reasons.add("OK");
    reasons.add(failure.reason ?? "");
    expect(faults).not.toContain(failure.code);
    expect(failure).toMatchObject({ domain: "orgroles", reason: expect.stringMatching(/^[A-Z_]+$/) });
    expect(headerBytes).toBeLessThan(8192);
    const said = [failure.message, ...failure.violations.map(({ description }) => description)].join("\n");
    expect(JSON.stringify(failure)).not.toContain(marker);
    if (!inside.test(bytes.toString("latin1"))) expect(said).not.toMatch(inside);
  };
  try {
    await withoutGrowth((share, half) => run(share, half, requests, attempt), Math.ceil(cases * 0.6));
  } finally {
    raw.close();
  }
  for (const reason of ["OK", "INVALID_FIELDS", "SCOPE_INSUFFICIENT"]) expect(reasons).toContain(reason);
}, 300_000);

const valid = message([1, "alpha"], [3, "member"]);
const bodies = fc.oneof(
  { weight: 4, arbitrary: fc.constant(grpcBody(valid)) },
  fc.constantFrom(
    grpcBody(valid),
    grpcBody(valid, 0, 0),
    grpcBody(valid, 0, valid.length + 1),
    grpcBody(valid, 0, 0xffffffff),
    grpcBody(valid, 2),
    grpcBody(valid, 255),
    Buffer.concat([grpcBody(valid), grpcBody(valid)]),
    Buffer.concat([grpcBody(valid), Buffer.from([1])]),
    grpcBody(valid, 1),
    grpcBody(gzipSync(valid), 1),
    grpcBody(gzipSync(valid).subarray(0, 12), 1),
    grpcBody(gzipSync(Buffer.alloc(64 * 2 ** 20)), 1),
    Buffer.alloc(0),
  ),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const oneOf = (...values: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) });
const heads = fc.record({
  ":method": fc.oneof(
    { weight: 8, arbitrary: fc.constant("POST") },
    fc.constantFrom("GET", "PUT", "OPTIONS", "CONNECTED"),
  ),
  ":path": fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...allRpcs).map((rpc) => `/orgroles.v1.${rpc}`) },
    { weight: 8, arbitrary: fc.constant("/orgroles.v1.RoleService/GetRole") },
    fc.constantFrom(
      "/",
      "",
      "*",
      "/orgroles.v1.RoleService",
      "/orgroles.v1.RoleService/__proto__",
      "//",
      `/${"a".repeat(5000)}`,
      "/grpc.health.v1.Health/Check",
    ),
  ),
  "content-type": fc.oneof(
    { weight: 8, arbitrary: fc.constant("application/grpc") },
    oneOf(
      "application/grpc+json",
      "application/json",
      "text/html",
      "application/grpc-web",
      "application/grpc;charset=x",
    ),
  ),
  te: oneOf("trailers", "gzip"),
  authorization: fc.oneof(
    { weight: 12, arbitrary: fc.constant(`Bearer ${tokens.attacker}`) },
    fc.constant(undefined),
    fc.constantFrom("Bearer ", "Basic eDp5", `Bearer ${"x".repeat(9000)}`, "bearer a.b.c", "Bearer ' OR 1=1"),
  ),
  "grpc-timeout": oneOf("1m", "1n", "99999999H", "-1S", "soon", "5", "000000001S", "123456789S"),
  "grpc-encoding": oneOf("gzip", "deflate", "identity", "br", "gzip, gzip"),
  "grpc-accept-encoding": oneOf("gzip", "zip,,,", "*"),
  "x-request-id": oneOf("a", "b".repeat(65), "c d", "c".repeat(12_000)),
  "x-bin": oneOf("!!!!", "AAAA", "=", "A".repeat(20_000)),
  traceparent: oneOf("00-0-0-0", "ff".repeat(40)),
  "grpc-status-details-bin": oneOf("AAAA"),
  "x-many": fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    fc.constant(Array.from({ length: 300 }, () => "value")),
  ),
});
/** UNKNOWN, INTERNAL, UNAVAILABLE and DATA_LOSS by their numbers, as they are on the wire. */
const unspeakable = new Set(["2", "13", "14", "15"]);
/** What grpc-js says of a call before anything else gets to see it. */
const ofTransport = /^(?:Invalid grpc-timeout value "\w+"|Failed to decompress message)$/;
/** What the library's own health service says besides. */
const ofHealth = /^Error deserializing request$/;

test("headers and bodies that are no gRPC are answered or refused", async () => {
  const statuses = new Map<string, number>();
  const attempt = async (
    clients: readonly ReturnType<typeof wireClient>[],
    head: object,
    body: Buffer,
    index: number,
  ) => {
    const present = Object.entries(head).filter(([, value]) => value !== undefined) as [string, string | string[]][];
    const answer = await clients[index % clients.length]?.send(Object.fromEntries(present), body);
    const status = answer?.grpcStatus ?? `HTTP ${answer?.status}`;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect(answer?.text).not.toMatch(inside);
    expect(answer?.text).not.toContain(marker);
    const isHealth = present.some(([name, value]) => name === ":path" && String(value).startsWith("/grpc.health"));
    const allowed = isHealth ? new RegExp(`${ofTransport.source}|${ofHealth.source}`) : ofTransport;
    if (unspeakable.has(status)) expect(answer?.text).toMatch(allowed);
  };
  await withoutGrowth(
    async (share, half) => {
      const clients = Array.from({ length: 4 }, () => wireClient(service.address));
      let index = 0;
      await run(share, half, fc.tuple(heads, bodies), ([head, body]) => attempt(clients, head, body, (index += 1)));
      for (const client of clients) client.close();
    },
    Math.ceil(cases * 0.2),
  );
  for (const status of ["0", "3", "16"]) expect(statuses.get(status)).toBeGreaterThan(0);
}, 300_000);

/** Literal header fields without indexing, as HPACK writes them. */
const hpack = (fields: Record<string, string>) =>
  Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([Math.min(126, value.length)]),
      Buffer.from(value.slice(0, 126)),
    ]),
  );
const call = hpack({
  ":method": "POST",
  ":scheme": "http",
  ":path": "/orgroles.v1.RoleService/GetRole",
  ":authority": "x",
  "content-type": "application/grpc",
  te: "trailers",
  authorization: `Bearer ${tokens.attacker}`,
});
const repeat = (count: number, make: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
const settingsFrame = frame(4, 0, 0, Buffer.alloc(0));
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const anyFrame = fc
  .tuple(
    fc.nat(12),
    fc.nat(255),
    fc.oneof(fc.nat(9), fc.nat(2 ** 31 - 1)),
    fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.constant(call)),
    fc.option(fc.nat(2 ** 24 - 1), { freq: 6 }),
  )
  .map(([type, flags, stream, payload, length]) => {
    const bytes = frame(type, flags, stream, payload);
    if (length !== null) bytes.writeUIntBE(length, 0, 3);
    return bytes;
  });
const attacks = fc.oneof(
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 6,
    arbitrary: fc
      .array(anyFrame, { minLength: 1, maxLength: 12 })
      .map((frames) => Buffer.concat([preface, settingsFrame, ...frames])),
  },
  { weight: 1, arbitrary: fc.nat(preface.length).map((length) => preface.subarray(0, length)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      // opened and reset at once, over and over
      Buffer.concat([
        preface,
        settingsFrame,
        repeat(300, (index) =>
          Buffer.concat([frame(1, 4, index * 2 + 1, call), frame(3, 0, index * 2 + 1, uint32(8))]),
        ),
      ]),
      // headers that never end
      Buffer.concat([
        preface,
        settingsFrame,
        frame(1, 0, 1, call),
        repeat(500, () => frame(9, 0, 1, hpack({ "x-more": "y".repeat(100) }))),
      ]),
      // floods of what has to be answered
      Buffer.concat([preface, repeat(2000, () => settingsFrame)]),
      Buffer.concat([preface, settingsFrame, repeat(2000, () => frame(6, 0, 0, Buffer.alloc(8)))]),
      // windows that overflow, and none at all
      Buffer.concat([preface, settingsFrame, frame(8, 0, 0, uint32(0x7fffffff)), frame(8, 0, 0, uint32(0x7fffffff))]),
      Buffer.concat([
        preface,
        frame(4, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(0)])),
        frame(1, 4, 1, call),
        frame(0, 1, 1, grpcBody(valid)),
      ]),
      // empty data, and a stream that depends on itself
      Buffer.concat([
        preface,
        settingsFrame,
        frame(1, 4, 1, call),
        repeat(1000, () => frame(0, 0, 1, Buffer.alloc(0))),
      ]),
      Buffer.concat([preface, settingsFrame, frame(2, 0, 1, Buffer.concat([uint32(1), Buffer.from([16])]))]),
      // another protocol
      Buffer.from("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    ),
  },
);

/** The connection ends, and nothing of others comes over it. */
let answered = 0;
const attack = async ([bytes, ends]: [Buffer, boolean]) => {
  const answer = await exchange(service.address, bytes, { ends });
  expect(answer.includes(marker)).toBe(false);
  if (answer.length) answered += 1;
};

test("frames that are no HTTP/2 end their connection and nothing else", async () => {
  await withoutGrowth(
    (share, half) => run(share, half, fc.tuple(attacks, fc.boolean()), attack),
    Math.ceil(cases * 0.2),
  );
  expect(answered).toBeGreaterThan(0);
}, 300_000);

test("three hundred connections that hang half-way keep nobody from being answered", async () => {
  const sockets: Socket[] = [];
  const [host, port] = service.address.split(":");
  const beginnings = [
    preface.subarray(0, 10),
    preface,
    Buffer.concat([preface, settingsFrame, frame(1, 0, 1, call)]), // headers without their end
    Buffer.concat([preface, settingsFrame, frame(1, 4, 1, call), frame(0, 0, 1, grpcBody(valid).subarray(0, 7))]),
    Buffer.alloc(0),
  ];
  const before = await memoryOf();
  try {
    await Promise.all(
      Array.from({ length: 300 }, (_, index) => {
        const socket = connectSocket(Number(port), host);
        sockets.push(socket);
        return new Promise<void>((resolve, reject) => {
          socket.once("error", reject);
          socket.once("connect", () => socket.write(beginnings[index % beginnings.length] ?? "", () => resolve()));
        });
      }),
    );
    const raw = rawClient(service.address, authorized(tokens.attacker));
    const answers = await Promise.all(Array.from({ length: 100 }, () => raw.call("RoleService/GetRole", valid)));
    raw.close();
    expect(answers.filter(({ failure }) => failure)).toEqual([]);
  } finally {
    for (const socket of sockets) socket.on("error", () => undefined).destroy();
  }
  const bound = before + 24 * 2 ** 20;
  await until("what they held is given back", async () => ((await memoryOf()) < bound ? true : undefined));
});
