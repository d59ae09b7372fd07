import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import type mysql from "mysql2/promise";
import { type TestClient, readFailure } from "../support/client";
import { connectTo } from "../support/connection";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { type PrivateServer, startPrivateMariadb } from "../support/servers";
import { serving } from "../support/service";

/** How often each thing happens; `npm run test:chaos` has more. */
const rounds = Number(process.env["ORGROLES_TEST_CHAOS"] ?? 1);
const environmentId = "alpha";
const organizations = ["acme", "globex", "initech"];
const writers = 9;
/** Roles that each of three writers makes in an organization before all go on to another: it may have a thousand. */
const rolesOfWriter = 300;

let server: PrivateServer;
let url: string;
let services: ServiceProcess[];

async function admin<T>(work: (connection: mysql.Connection) => Promise<T>): Promise<T> {
  const connection = await connectTo(server.url);
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

const start = async () => {
  const settings = { ORGROLES_ENVIRONMENTS: "alpha,beta", ORGROLES_MAX_CUSTOM_ROLES: "1000" };
  return startProcess({ ...settings, ORGROLES_DATABASE_URL: url, ORGROLES_DATABASE_TIMEOUT_MS: "1500" });
};

beforeAll(async () => {
  server = await startPrivateMariadb();
  await admin((connection) => connection.query("CREATE DATABASE chaos"));
  url = `${server.url}/chaos`;
  services = await Promise.all([start(), start()]);
  await Promise.all(services.map(serving));
});
afterAll(async () => {
  await Promise.all((services ?? []).map((service) => service.end("SIGKILL")));
  await server?.stop();
});

/** What may happen, each with its end. */
const events: Record<string, () => Promise<void>> = {
  "the database is killed": async () => {
    await server.kill();
    await sleep(300);
    await server.restart();
  },
  "the database hangs": async () => {
    process.kill(server.pid, "SIGSTOP");
    await sleep(2500);
    process.kill(server.pid, "SIGCONT");
  },
  "the database takes no writes": () =>
    admin(async (connection) => {
      await connection.query("SET GLOBAL read_only = 1");
      await sleep(500);
      await connection.query("SET GLOBAL read_only = 0");
    }),
  "the database has no connection left": () =>
    admin(async (connection) => {
      await connection.query("SET GLOBAL max_connections = 10");
      const [own] = await connection.query<mysql.RowDataPacket[]>("SELECT CONNECTION_ID() AS id");
      const [all] = await connection.query<mysql.RowDataPacket[]>("SELECT id FROM information_schema.processlist");
      const others = all.map(({ id }) => Number(id)).filter((id) => id !== Number(own[0]?.["id"]));
      for (const id of others) await connection.query(`KILL ${id}`).catch(() => undefined);
      await sleep(500);
      await connection.query("SET GLOBAL max_connections = 500");
    }),
  "a service is killed": async () => {
    await services[0]?.end("SIGKILL");
    services[0] = await start();
  },
  "a service is stopped": async () => {
    expect(await services[1]?.end("SIGTERM")).toBe(0);
    services[1] = await start();
  },
};

/** The client of a process that has just been ended has no channel any more. */
const failureIn = (error: ServiceError) =>
  error.message === "Channel has been shut down"
    ? { code: "UNAVAILABLE", reason: undefined, retryDelay: undefined }
    : readFailure(error);

/** Repeats a call, on one service and the other, until it is acknowledged; notes how it failed until then. */
async function insist(call: (client: TestClient) => Promise<unknown>, failures: Map<string, number>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await call(services[attempt % services.length] as ServiceProcess);
      return;
    } catch (error) {
      const { code, reason = "a lost connection", retryDelay } = failureIn(error as ServiceError);
      failures.set(`${code} ${reason}`, (failures.get(`${code} ${reason}`) ?? 0) + 1);
      if (reason !== "a lost connection" && !retryDelay) throw error;
      await sleep(20 + Math.random() * 50);
    }
  }
}

test(
  `whatever happens, ${rounds} times each: what is acknowledged is there, once, and callers know what to do`,
  async () => {
    const made = new Map<string, Set<string>>();
    const assigned = new Map<string, string>();
    const failures = new Map<string, number>();
    const stopping = new AbortController();

    const write = async (writer: number) => {
      const userId = `user-${writer}`;
      for (let number = 0; !stopping.signal.aborted; number += 1) {
        const generation = Math.floor(number / rolesOfWriter);
        const organizationId = `${organizations[writer % organizations.length]}-${generation}`;
        const name = `Role ${writer} ${number}`;
        const slug = `org-role-${writer}-${number}`;
        const creation = { environmentId, organizationId, slug, name, requestId: randomUUID() };
        await insist((client) => client.roles.createRole(creation), failures);
        made.set(organizationId, (made.get(organizationId) ?? new Set()).add(slug));
        const assignment = { environmentId, organizationId, userId, roleSlugs: [slug], requestId: randomUUID() };
        await insist((client) => client.memberships.setMemberRoles(assignment), failures);
        assigned.set(`${organizationId} ${userId}`, slug);
        await sleep(50);
      }
    };
    const writing = Promise.all(many(writers, write));
    for (let round = 0; round < rounds; round += 1)
      for (const event of Object.values(events)) {
        await event();
        await Promise.all(services.map(serving));
        await sleep(300);
      }
    stopping.abort();
    await writing;

    for (const client of services) {
      for (const [organizationId, slugs] of made) {
        const { config } = await client.roles.listOrgRoles({ environmentId, organizationId, pageSize: 1 });
        expect(config?.priorityOrder.toSorted()).toEqual(["member", ...slugs].toSorted());
      }
      for (const [key, slug] of assigned) {
        const [organizationId, userId] = key.split(" ");
        const { membership } = await client.memberships.getMembership({
          environmentId,
          organizationId: organizationId ?? "",
          userId: userId ?? "",
        });
        expect(membership?.roleSlugs).toEqual([slug]);
      }
    }
    const allowed =
      /^(?:UNAVAILABLE (?:DATABASE_UNAVAILABLE|a lost connection)|ABORTED CONFLICT_RETRY|CANCELLED a lost connection)$/;
    expect([...failures.keys()].filter((failure) => !allowed.test(failure))).toEqual([]);
    expect(failures.size).toBeGreaterThan(0);
  },
  60_000 + rounds * 120_000,
);
