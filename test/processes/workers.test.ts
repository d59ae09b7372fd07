import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type TestDatabase, engines } from "../support/engines";
import { connect } from "../support/client";
import { many } from "../support/many";
import { type ServiceProcess, childrenOf, startProcess } from "../support/process";
import { fetchFrom, scrape } from "../support/scrape";
import { serving } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

const mariadb = engines.find(({ name }) => name === "mariadb");
const workers = 2;
const environmentId = "alpha";

let database: TestDatabase;
let service: ServiceProcess;
let metrics: string;

const workersNow = () => childrenOf(service.pid);
const ready = () =>
  until("all workers serve", async () => ((await fetchFrom(metrics, "/readyz")).status === 200 ? true : undefined));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

beforeEach(async () => {
  database = await present(mariadb).create();
  service = await startProcess({
    ORGROLES_DATABASE_URL: database.url,
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_METRICS_ADDRESS: "127.0.0.1:0",
    ORGROLES_WORKERS: String(workers),
  });
  metrics = /http:\/\/(\S+)\/metrics/.exec(service.output())?.[1] ?? "";
  await serving(service);
  await ready();
});

afterEach(async () => {
  await service.end("SIGKILL");
  await database.drop();
});

/** Calls over connections of their own, which are given out in turn. */
async function readOverEach(count: number): Promise<void> {
  const clients = many(count, () => connect(service.address));
  try {
    await Promise.all(clients.map((client) => client.environments.getEnvironment({ environmentId })));
  } finally {
    clients.forEach((client) => client.close());
  }
}

test("several processes serve one port, and their metrics are one", async () => {
  expect(workersNow()).toHaveLength(workers);
  const before = (await scrape(metrics)).value("orgroles_calls_total", { code: "OK" }) ?? 0;
  await readOverEach(6);
  const after = await scrape(metrics);
  expect(after.value("orgroles_calls_total", { code: "OK" })).toBe(before + 6);
  expect(after.value("orgroles_calls_running_limit")).toBe(64 * workers);
  expect(after.value("orgroles_serving")).toBe(1);
  expect(after.value("orgroles_build_info")).toBe(1);
});

test("a write over one connection is read over every other", async () => {
  const clients = many(6, () => connect(service.address));
  try {
    for (const [number, client] of clients.entries()) {
      await client.roles.createRole({ environmentId, organizationId: "acme", name: `Role ${number}` });
      const lists = await Promise.all(
        clients.map((other) => other.roles.listOrgRoles({ environmentId, organizationId: "acme" })),
      );
      for (const { roles } of lists) expect(roles.at(-1)?.name).toBe(`Role ${number}`);
    }
    expect((await service.roles.listOrgRoles({ environmentId: "beta", organizationId: "acme" })).roles).toHaveLength(1);
  } finally {
    clients.forEach((client) => client.close());
  }
});

/** Resolves when the server has sent something over a new connection, or has closed it. */
function answeredOrClosed(address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = createConnection({ host: hostname, port: Number(port) });
  return new Promise((resolve) => {
    socket.once("data", () => socket.destroy()).on("error", () => undefined);
    socket.once("close", () => resolve());
  });
}

test("no connection is left hanging that arrives while a worker dies", async () => {
  const connections: Promise<void>[] = [];
  const arriving = setInterval(() => connections.push(...many(4, () => answeredOrClosed(service.address))), 2);
  for (let deaths = 0; deaths < 5; deaths += 1) {
    await sleep(200);
    const [victim = 0] = workersNow();
    process.kill(victim, "SIGKILL");
    await until("it is gone", async () => (workersNow().includes(victim) ? undefined : true));
    await ready();
  }
  clearInterval(arriving);
  expect(connections.length).toBeGreaterThan(100);
  await expect(Promise.race([Promise.all(connections), sleep(20_000, "some hang", { ref: false })])).resolves.not.toBe(
    "some hang",
  );
});

test("a worker that dies is replaced, and the others go on", async () => {
  const [victim = 0, survivor] = workersNow();
  process.kill(victim, "SIGKILL");
  await until("the log says so", async () => /"worker exited"/.test(service.output()) || undefined);
  await until("calls succeed", () => readOverEach(4).then(() => true));
  await ready();
  expect(workersNow()).toHaveLength(workers);
  expect(workersNow()).toContain(survivor);
  await readOverEach(4);
});

test("SIGTERM lets all workers finish: nothing that was acknowledged is lost", async () => {
  const clients = many(4, () => connect(service.address));
  const acknowledged: string[] = [];
  const writing = clients.map(async (client, index) => {
    for (let number = 0; ; number += 1) {
      const userId = `user-${index}-${number}`;
      try {
        await client.memberships.setMemberRoles({ environmentId, organizationId: "acme", userId });
      } catch (error) {
        return (error as { code: number }).code;
      }
      acknowledged.push(userId);
    }
  });
  await until("some are written", async () => (acknowledged.length > 50 ? true : undefined));
  expect(await service.end()).toBe(0);
  for (const code of await Promise.all(writing)) expect(code).toBe(14); // UNAVAILABLE
  clients.forEach((client) => client.close());
  expect(workersNow()).toEqual([]);

  service = await startProcess({ ORGROLES_DATABASE_URL: database.url, ORGROLES_ENVIRONMENTS: "alpha,beta" });
  await serving(service);
  const stored = await service.memberships.listMemberships({ environmentId, organizationId: "acme", pageSize: 1000 });
  const userIds = new Set(stored.memberships.map(({ userId }) => userId));
  expect(acknowledged.slice(0, 1000).filter((userId) => !userIds.has(userId) && !stored.nextPageToken)).toEqual([]);
});

test("workers end when their supervisor is killed", async () => {
  const all = workersNow();
  await service.end("SIGKILL");
  expect(await until("they are gone", async () => (all.some(isAlive) ? undefined : true))).toBe(true);
});

test("a port that is taken ends all of it with one clear sentence", async () => {
  const settings = { ORGROLES_DATABASE_URL: database.url, ORGROLES_WORKERS: "2", ORGROLES_ADDRESS: service.address };
  await expect(startProcess(settings)).rejects.toThrow(/ended with 1 before it listened:[^]*EADDRINUSE/);
});
