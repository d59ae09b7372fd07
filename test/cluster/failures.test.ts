import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { healthOf } from "../support/health";
import { type ServiceProcess, startProcess } from "../support/process";
import { expectOneState } from "../support/race";
import { type Cluster, type ClusterNode, startCluster } from "../support/servers/galera";
import { serving } from "../support/service";
import { until } from "../support/until";
import { Load, environmentId } from "./load";

const database = "orgroles";
const enough = 15;

let cluster: Cluster;
let services: ServiceProcess[];
const figures: string[] = [];

const node = (index: number) => cluster.nodes[index % 3] as ClusterNode;
const hostsFrom = (index: number) => [0, 1, 2].map((step) => node(index + step).host).join(",");

/** A process on each node, which names the others after it. */
async function start(index: number): Promise<ServiceProcess> {
  const service = await startProcess({
    ORGROLES_DATABASE_URL: `mysql://root@${hostsFrom(index)}/${database}`,
    ORGROLES_DATABASE_TIMEOUT_MS: "2000",
    ORGROLES_ENVIRONMENTS: "alpha,beta",
    ORGROLES_MAX_CUSTOM_ROLES: "1000",
  });
  await serving(service);
  return service;
}

beforeAll(async () => {
  cluster = await startCluster();
  await node(0).query(`CREATE DATABASE ${database}`);
  services = await Promise.all([0, 1, 2].map(start));
}, 180_000);

afterAll(async () => {
  await Promise.all((services ?? []).map((service) => service.end("SIGKILL")));
  await cluster?.stop();
  console.log(figures.join("\n"));
}, 60_000);

/** How a service is of use again: it acknowledges. */
const acknowledgesAgain = (load: Load, since: number, indexes: readonly number[]) =>
  until(
    "services acknowledge again",
    async () => indexes.every((index) => load.countSince(index, since) >= enough) || undefined,
    60,
  );

const allServices = [0, 1, 2];

interface Trouble {
  readonly happens: (load: Load) => Promise<void>;
  readonly ends: () => Promise<void>;
}

const troubles: Readonly<Record<string, Trouble>> = {
  "a node is killed": { happens: () => node(2).kill(), ends: () => node(2).start() },
  "a node is frozen": {
    happens: () => node(2).freeze(),
    ends: async () => {
      node(2).thaw();
      await node(2).synced();
    },
  },
  "a node is cut off from the others, not from its clients": {
    happens: () => node(2).setIsolated(true),
    ends: async () => {
      await node(2).setIsolated(false);
      await node(2).synced();
    },
  },
  "a node is shut down in order": { happens: () => node(2).shutDown(), ends: () => node(2).start() },
  "a node joins by a copy of everything": {
    happens: async () => {
      await node(2).kill();
      node(2).forget();
    },
    ends: () => node(2).start(),
  },
};

/** Everything that was acknowledged is there, seen from each service, once and whole; all nodes have the same. */
async function expectNothingLost(load: Load): Promise<void> {
  for (const service of services)
    for (const [organizationId, made] of load.acknowledged) {
      const list = await service.roles.listOrgRoles({ environmentId, organizationId, pageSize: 1000 });
      expectOneState(list);
      const there = new Set(list.roles.map(({ slug }) => slug));
      expect(made.filter((slug) => !there.has(slug))).toEqual([]);
    }
  await until("all nodes have the same", async () => {
    const [first, ...others] = await Promise.all(cluster.nodes.map(countRows));
    for (const other of others) expect(other).toEqual(first);
    expect(Number(first?.["roles"])).toBe(Number(first?.["creations"]));
    return true;
  });
}

/** Custom roles, of which nothing deletes any, and what has to be there with them. */
async function countRows(one: ClusterNode) {
  const [counts] = await one.query(
    `SELECT (SELECT COUNT(*) FROM ${database}.roles r JOIN ${database}.organizations o
        ON o.environment_uid = r.environment_uid AND o.id = r.organization_id) AS roles,
      (SELECT COUNT(*) FROM ${database}.events WHERE organization_id <> '' AND type = 'role.created') AS creations,
      (SELECT SUM(revision) FROM ${database}.organizations) AS revisions`,
  );
  return counts;
}

function expectOnlyRetryable(load: Load): void {
  expect(load.unexpected).toEqual([]);
  expect(load.staleReads).toEqual([]);
}

const inSeconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

const note = (name: string, load: Load, since: number) =>
  figures.push(
    `| ${name} | ${inSeconds(load.longestGap(2, since))} | ${inSeconds(Math.max(load.longestGap(0, since), load.longestGap(1, since)))} | ${load.count} | ${load.readCount} |`,
  );

test.each(Object.entries(troubles))(
  "%s under load: services go on, nothing is lost, no read is stale",
  async (name, { happens, ends }) => {
    const load = new Load(allServices.map((index) => () => services[index] as ServiceProcess));
    try {
      await acknowledgesAgain(load, 0, allServices);
      const since = performance.now();
      await happens(load);
      const after = performance.now();
      await acknowledgesAgain(load, after, allServices);
      const back = performance.now();
      note(name, load, since);
      await ends();
      await acknowledgesAgain(load, back, allServices);
    } finally {
      await load.stop();
    }
    expect(load.readCount).toBeGreaterThan(0);
    expectOnlyRetryable(load);
    await expectNothingLost(load);
  },
  180_000,
);

const isNotReady = async (address: string) => (await healthOf(address)) === "NOT_SERVING" || undefined;

test("quorum is lost: every call fails as an outage, no process is ready, and all go on when it is regained", async () => {
  const load = new Load(allServices.map((index) => () => services[index] as ServiceProcess));
  try {
    await acknowledgesAgain(load, 0, allServices);
    await node(1).freeze();
    await node(2).freeze();
    await Promise.all(services.map(({ address }) => until("it is not ready", () => isNotReady(address))));
    const during = performance.now();
    await sleep(1000);
    for (const index of allServices) expect(load.countSince(index, during)).toBe(0);
    node(1).thaw();
    node(2).thaw();
    const since = performance.now();
    await acknowledgesAgain(load, since, allServices);
    note("quorum is lost, after it is regained", load, since);
  } finally {
    await load.stop();
  }
  expectOnlyRetryable(load);
  await Promise.all(cluster.nodes.map((one) => one.synced()));
  await expectNothingLost(load);
}, 180_000);

test("nodes and services are restarted one by one under load", async () => {
  const load = new Load(allServices.map((index) => () => services[index] as ServiceProcess));
  const since = performance.now();
  try {
    for (const index of allServices) {
      await acknowledgesAgain(load, performance.now(), allServices);
      await node(index).shutDown();
      await node(index).start();
      const before = services[index];
      const next = await start(index);
      services[index] = next;
      expect(await before?.end()).toBe(0);
    }
    await acknowledgesAgain(load, performance.now(), allServices);
    note("nodes and services are restarted one by one", load, since);
  } finally {
    await load.stop();
  }
  expectOnlyRetryable(load);
  await expectNothingLost(load);
}, 240_000);
