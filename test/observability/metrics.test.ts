import { Client, credentials } from "@grpc/grpc-js";
import { failureOf } from "../support/client";
import { connectTo } from "../support/connection";
import { type Doorway, doorwayTo } from "../support/doorway";
import { type TestDatabase, servers } from "../support/engines";
import { fromNow, watchEvents } from "../support/event-watch";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { outcomeOf, reasonsOf } from "../support/race";
import { type Scrape, fetchFrom, scrape } from "../support/scrape";
import { serving } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

const [engine] = servers;
const environmentId = "alpha";
const bytes = (encoded: Buffer) => encoded;

let database: TestDatabase;
let doorway: Doorway;
let service: ServiceProcess;
let address: string;
beforeAll(async () => {
  database = await present(engine).create();
  const url = new URL(database.url);
  doorway = await doorwayTo(url.hostname, Number(url.port));
  url.port = String(doorway.port);
  service = await startProcess({
    ORGROLES_DATABASE_URL: url.href,
    ORGROLES_DATABASE_POOL_SIZE: "1",
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_METRICS_ADDRESS: "127.0.0.1:0",
    ORGROLES_MAX_CONCURRENCY: "2",
    ORGROLES_MAX_QUEUE: "1",
  });
  await serving(service);
  address = await until("metrics are announced", async () => /http:\/\/(\S+)\/metrics/.exec(service.output())?.[1]);
});
afterAll(async () => {
  await service?.end("SIGKILL");
  await doorway?.end();
  await database?.drop();
});

const reach = (what: string, enough: (now: Scrape) => boolean) =>
  until(what, async () => {
    const now = await scrape(address);
    return enough(now) ? now : undefined;
  });
const statusOf = async (path: string) => (await fetchFrom(address, path)).status;
const methodOf = (rpc: string) => `/orgroles.v1.${rpc}`;

/** What there is besides what Node's own metrics say. */
const own = (now: Scrape) => [...now.types.keys()].filter((name) => name.startsWith("orgroles_"));

/** Every metric that a test here is about. */
const tested = [
  "orgroles_buffer_bytes",
  "orgroles_buffer_bytes_limit",
  "orgroles_build_info",
  "orgroles_cache_bytes",
  "orgroles_cache_bytes_limit",
  "orgroles_cache_reads_total",
  "orgroles_call_duration_seconds",
  "orgroles_calls_queued",
  "orgroles_calls_queued_limit",
  "orgroles_calls_running",
  "orgroles_calls_running_limit",
  "orgroles_calls_total",
  "orgroles_connections",
  "orgroles_connections_closed_total",
  "orgroles_connections_limit",
  "orgroles_database_available",
  "orgroles_database_connections_idle",
  "orgroles_database_connections_limit",
  "orgroles_database_connections_open",
  "orgroles_database_waiting",
  "orgroles_serving",
  "orgroles_sweep_passes_total",
  "orgroles_swept_rows_total",
  "orgroles_unswept_rows",
  "orgroles_watches",
  "orgroles_watches_limit",
];

test("every metric says in a sentence what it is, and is tested here", async () => {
  const now = await scrape(address);
  expect(own(now).toSorted()).toEqual(tested);
  for (const name of own(now)) expect(now.help.get(name)).toMatch(/^(?:[A-Z]\w+ |1[, ]).{10,}[^.]$/);
});

test("calls are counted and measured by method and code, errors by their reason", async () => {
  const key = { environmentId, slug: "member" };
  const before = await scrape(address);
  for (const _ of [1, 2, 3]) await service.roles.getRole(key);
  await failureOf(service.roles.getRole({ ...key, slug: "missing" }));
  await failureOf(service.roles.getRole({ ...key, slug: "" }));
  const now = await scrape(address);
  const method = methodOf("RoleService/GetRole");
  const more = (name: string, labels: Record<string, string>) =>
    (now.value(name, { method, ...labels }) ?? 0) - (before.value(name, { method, ...labels }) ?? 0);
  expect(more("orgroles_calls_total", { code: "OK", reason: "" })).toBe(3);
  expect(more("orgroles_calls_total", { code: "NOT_FOUND", reason: "ROLE_NOT_FOUND" })).toBe(1);
  expect(more("orgroles_calls_total", { code: "INVALID_ARGUMENT", reason: "INVALID_FIELDS" })).toBe(1);
  expect(more("orgroles_call_duration_seconds_count", { code: "OK" })).toBe(3);
  expect(more("orgroles_call_duration_seconds_count", { code: "NOT_FOUND" })).toBe(1);
  expect(more("orgroles_call_duration_seconds_bucket", { code: "OK", le: "+Inf" })).toBe(3);
  expect(more("orgroles_call_duration_seconds_sum", { code: "OK" })).toBeGreaterThan(0);
});

test("calls at work, calls that wait and waits for a connection are there while they last", async () => {
  const organizationId = "held";
  await service.roles.createRole({ environmentId, organizationId, name: "Own" });
  const connection = await connectTo(database.url);
  try {
    await connection.beginTransaction();
    await connection.query("UPDATE organizations SET revision = revision + 1");
    const calls = many(3, () => service.roles.createRole({ environmentId, organizationId, name: "Own" }));
    const now = await reach("two run, one waits for its turn and one for a connection", ({ value }) =>
      [
        value("orgroles_calls_running") === 2,
        value("orgroles_calls_queued") === 1,
        (value("orgroles_database_waiting") ?? 0) > 0,
      ].every(Boolean),
    );
    expect(now.value("orgroles_calls_running_limit")).toBe(2);
    expect(now.value("orgroles_calls_queued_limit")).toBe(1);
    expect(now.value("orgroles_database_connections_open")).toBe(1);
    expect(now.value("orgroles_database_connections_idle")).toBe(0);
    expect(now.value("orgroles_database_connections_limit")).toBe(1);
    expect((await failureOf(service.roles.createRole({ environmentId, organizationId, name: "Own" }))).reason).toBe(
      "OVERLOADED",
    );
    await connection.rollback();
    expect(reasonsOf((await outcomeOf(calls)).failures)).toEqual({});
  } finally {
    connection.destroy();
  }
  const now = await reach(
    "nothing runs",
    ({ value }) => value("orgroles_calls_running") === 0 && value("orgroles_database_connections_idle") === 1,
  );
  expect(now.value("orgroles_calls_queued")).toBe(0);
  expect(now.value("orgroles_calls_total", { code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED" })).toBe(1);
});

test("reads that memory answers are told from those that are loaded", async () => {
  const list = { environmentId, organizationId: "remembered" };
  await service.roles.createRole({ ...list, name: "Own" });
  const before = await scrape(address);
  for (const _ of [1, 2, 3]) await service.roles.listOrgRoles(list);
  const now = await scrape(address);
  const more = (result: string) =>
    (now.value("orgroles_cache_reads_total", { result }) ?? 0) -
    (before.value("orgroles_cache_reads_total", { result }) ?? 0);
  expect([more("miss"), more("hit")]).toEqual([1, 2]);
  expect(now.value("orgroles_cache_bytes")).toBeGreaterThan(before.value("orgroles_cache_bytes") ?? 0);
  expect(now.value("orgroles_cache_bytes_limit")).toBe(64 * 2 ** 20);
});

test("watches are counted while they last, and their duration is not counted as that of a call", async () => {
  const watch = await watchEvents(service.address, { environmentId, start: fromNow });
  await reach("a watch is open", ({ value }) => value("orgroles_watches") === 1);
  watch.close();
  const now = await reach("no watch is open", ({ value }) => value("orgroles_watches") === 0);
  expect(now.value("orgroles_watches_limit")).toBe(1000);
  const method = methodOf("EventService/WatchEvents");
  expect(now.value("orgroles_calls_total", { method, code: "CANCELLED", reason: "" })).toBe(1);
  expect(now.value("orgroles_call_duration_seconds_count", { method, code: "CANCELLED" })).toBeUndefined();
});

test("the sweep says what it has done and when it is done", async () => {
  await service.roles.createRole({ environmentId, slug: "leaving", name: "Leaving" });
  const memberships = many(40, (index) => ({
    organizationId: `org${index % 4}`,
    userId: `user${index}`,
    roleSlugs: ["leaving"],
  }));
  await service.memberships.batchSetMemberRoles({ environmentId, memberships });
  const before = await scrape(address);
  await service.roles.deleteEnvironmentRole({ environmentId, slug: "leaving" });
  const more = (now: Scrape, name: string, labels = {}) =>
    (now.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
  const now = await reach(
    "the sweep has swept",
    (scraped) =>
      more(scraped, "orgroles_swept_rows_total") >= 40 &&
      more(scraped, "orgroles_sweep_passes_total", { result: "done" }) >= 1,
  );
  expect(now.value("orgroles_unswept_rows")).toBe(0);
  expect(now.value("orgroles_sweep_passes_total", { result: "failed" })).toBe(0);
});

test("the process and its event loop are measured", async () => {
  const { value } = await reach(
    "the event loop is measured",
    (now) => (now.value("nodejs_eventloop_lag_mean_seconds") ?? 0) > 0, // NaN between two scrapes at once
  );
  expect(value("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThan(0);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(10 * 2 ** 20);
  expect(value("nodejs_heap_size_used_bytes")).toBeGreaterThan(2 ** 20);
  const { version } = jest.requireActual<{ version: string }>("../../package.json");
  expect(value("orgroles_build_info", { version })).toBe(1);
});

test("no label has a value that callers make up", async () => {
  const client = new Client(service.address, credentials.createInsecure());
  const marked = "/orgroles.v1.RoleService/MadeUp";
  await new Promise((resolve) => {
    client.makeUnaryRequest(marked, bytes, bytes, Buffer.alloc(0), resolve);
  });
  client.close();
  await service.environments.createEnvironment({ environmentId: "MadeUp" });
  await service.roles.createRole({ environmentId: "MadeUp", organizationId: "MadeUp", slug: "org-made-up", name: "O" });
  await failureOf(service.roles.getRole({ environmentId: "MadeUp", slug: "madeup" }));
  const { text, samples } = await scrape(address);
  expect(text).not.toMatch(/made.?up|alpha|beta|acme|org\d/i);
  const methods = new Set(samples.flatMap(({ labels }) => labels["method"] ?? []));
  expect([...methods].filter((method) => !/^\/orgroles\.v1\.\w+Service\/\w+$/.test(method))).toEqual([]);
});

test.each([
  ["/livez", 200, /^text\/plain/, /^ok\n$/],
  ["/readyz", 200, /^text\/plain/, /^ok\n$/],
  ["/readyz?verbose", 200, /^text\/plain/, /^ok\n$/],
  ["/metrics", 200, /^text\/plain; version=0\.0\.4/, /^# HELP /],
  ["/", 404, /^text\/plain/, /\/livez \/readyz \/metrics/],
  ["/constructor", 404, /^text\/plain/, /\/livez/],
])("%s answers %i", async (path, status, type, body) => {
  const answer = await fetchFrom(address, path);
  expect(answer).toEqual({ status, type: expect.stringMatching(type), body: expect.stringMatching(body) });
});

test("with the database away it lives and is not ready, and gets ready again by itself", async () => {
  expect((await scrape(address)).value("orgroles_database_available")).toBe(1);
  doorway.close();
  await until("it is not ready", async () => ((await statusOf("/readyz")) === 503 ? true : undefined));
  const away = await reach("the database is away", ({ value }) => value("orgroles_database_available") === 0);
  expect(away.value("orgroles_serving")).toBe(0);
  expect(await statusOf("/livez")).toBe(200);
  expect((await failureOf(service.roles.getRole({ environmentId, slug: "member" }))).code).toBe("UNAVAILABLE");
  doorway.open();
  await until("it is ready", async () => ((await statusOf("/readyz")) === 200 ? true : undefined));
  const back = await scrape(address);
  expect(back.value("orgroles_database_available")).toBe(1);
  expect(back.value("orgroles_serving")).toBe(1);
});
