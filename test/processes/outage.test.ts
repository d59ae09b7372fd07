import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type mysql from "mysql2/promise";
import { type Failure, connect, failureOf } from "../support/client";
import { runCommand } from "../support/command";
import { connectTo } from "../support/connection";
import { healthOf } from "../support/health";
import { many } from "../support/many";
import { type ServiceProcess, startProcess, freeze } from "../support/process";
import { listOrg, outcomeOf, reasonsOf } from "../support/race";
import { type PrivateServer, startPrivateMariadb } from "../support/servers";
import { serving } from "../support/service";
import { until } from "../support/until";

const environmentId = "alpha";
const organizationId = "acme";

let server: PrivateServer;
let service: ServiceProcess | undefined;
let databases = 0;

beforeAll(async () => {
  server = await startPrivateMariadb();
});
afterAll(() => server?.stop());
afterEach(async () => {
  await service?.end("SIGKILL");
  service = undefined;
});

async function admin<T>(work: (connection: mysql.Connection) => Promise<T>): Promise<T> {
  const connection = await connectTo(server.url);
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

async function newDatabase(): Promise<string> {
  databases += 1;
  const name = `outage_${databases}`;
  await admin((connection) => connection.query(`CREATE DATABASE ${name}`));
  return name;
}

async function start(url: string, settings: Record<string, string> = {}): Promise<ServiceProcess> {
  service = await startProcess({ ORGROLES_DATABASE_URL: url, ORGROLES_ENVIRONMENTS: "alpha,beta", ...settings });
  return service;
}

const createRole = ({ roles }: ServiceProcess, slug?: string) =>
  roles.createRole({ environmentId, organizationId, name: "Lead", ...(slug && { slug }) });

const healthIs = ({ address }: ServiceProcess, wanted: string) =>
  until(`health is ${wanted}`, async () => ((await healthOf(address)) === wanted ? true : undefined));

/** What callers may see of an outage: that it is one, when to come back, and nothing of what is inside. */
function expectOutage({ code, reason, retryDelay, message }: Failure): void {
  expect({ code, reason }).toEqual(
    reason === "CONFLICT_RETRY" ? { code: "ABORTED", reason } : { code: "UNAVAILABLE", reason: "DATABASE_UNAVAILABLE" },
  );
  expect(retryDelay).toBeGreaterThan(0);
  expect(message).not.toMatch(/sql|maria|econn|protocol|127\.0\.0\.1|outage_|timeout|\bat\b|pool/i);
}

/** Makes calls that have to wait in the database for a row that the connection keeps locked. */
async function heldUp<T extends object>(
  connection: mysql.Connection,
  database: string,
  calls: () => T,
  count = 1,
): Promise<{ readonly calls: T }> {
  await connection.query(`USE ${database}`);
  await connection.beginTransaction();
  await connection.query("UPDATE organizations SET revision = revision + 1");
  const made = calls();
  await until("they wait for the row", async () => {
    const [rows] = await connection.query<mysql.RowDataPacket[]>(
      "SELECT COUNT(*) AS waiting FROM information_schema.processlist WHERE db = ? AND info LIKE 'UPDATE%'",
      [database],
    );
    return Number(rows[0]?.["waiting"]) >= count ? true : undefined;
  });
  return { calls: made };
}

async function isOver(pid: number): Promise<true | undefined> {
  try {
    process.kill(pid, 0);
    return undefined;
  } catch {
    return true;
  }
}

test("a database that is down at the start: the service is up, says so, and serves by itself when it comes", async () => {
  const url = `${server.url}/${await newDatabase()}`;
  await server.kill();
  const process = await start(url);
  expect(await healthOf(process.address)).toBe("NOT_SERVING");
  expectOutage(await failureOf(process.roles.listOrgRoles({ environmentId, organizationId })));
  expectOutage(await failureOf(createRole(process)));

  await server.restart();
  await healthIs(process, "SERVING");
  expect((await createRole(process)).role?.priority).toBe(2);
  expect(await process.end()).toBe(0);
});

test("a database killed under load: callers see an outage, nothing acknowledged is lost, and it goes on by itself", async () => {
  const process = await start(`${server.url}/${await newDatabase()}`, { ORGROLES_MAX_CUSTOM_ROLES: "1000" });
  await serving(process);
  const work = { over: false, index: 0 };
  const acknowledged: string[] = [];
  const failures: Failure[] = [];
  const write = async () => {
    while (!work.over) {
      const slug = `org-role-${(work.index += 1)}`;
      const outcome = await outcomeOf([createRole(process, slug)]);
      for (const { role } of outcome.answers) acknowledged.push(role?.slug ?? "");
      failures.push(...outcome.failures);
      if (outcome.failures.length) await healthOf(process.address); // a round trip between tries
    }
  };
  const reached = (count: number) =>
    until(`${count} roles`, async () => (acknowledged.length >= count ? true : undefined));
  const writers = many(8, write);
  try {
    await reached(40);
    await server.kill();
    await until("callers see it", async () => (failures.length ? true : undefined));
    await healthIs(process, "NOT_SERVING");
    const before = acknowledged.length;
    await server.restart();
    await reached(before + 40);
  } finally {
    work.over = true;
    await Promise.all(writers);
  }
  for (const failure of failures) expectOutage(failure);
  const { roles } = await listOrg(process, environmentId, organizationId);
  const slugs = new Set(roles.map(({ slug }) => slug));
  expect(acknowledged.filter((slug) => !slugs.has(slug))).toEqual([]);
  expect(await process.end()).toBe(0);
}, 90_000);

test("a database that hangs: every call is answered in time, and it goes on by itself when it answers again", async () => {
  const running = await start(`${server.url}/${await newDatabase()}`, {
    ORGROLES_DATABASE_TIMEOUT_MS: "500",
    ORGROLES_DATABASE_POOL_SIZE: "3",
  });
  await serving(running);
  await createRole(running);
  await freeze(server.pid);
  try {
    const calls = many(30, (index) =>
      index % 2 ? createRole(running) : running.roles.listOrgRoles({ environmentId, organizationId }),
    );
    const { answers, failures } = await outcomeOf<unknown>(calls);
    expect(answers).toEqual([]);
    for (const failure of failures) expectOutage(failure);
    await healthIs(running, "NOT_SERVING");
    expectOutage(await failureOf(createRole(running)));
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
  await healthIs(running, "SERVING");
  await createRole(running, "org-after");
  const { config } = await listOrg(running, environmentId, organizationId);
  expect(config?.priorityOrder).toContain("org-after");
  expect(await running.end()).toBe(0);
});

test("a SIGTERM while the database hangs ends the process all the same", async () => {
  const name = await newDatabase();
  const running = await start(`${server.url}/${name}`, { ORGROLES_DATABASE_TIMEOUT_MS: "1000" });
  await serving(running);
  await createRole(running);
  await admin(async (connection) => {
    const { calls } = await heldUp(connection, name, () => [createRole(running)]);
    await freeze(server.pid);
    try {
      process.kill(running.pid, "SIGTERM");
      const { failures } = await outcomeOf(calls);
      expect(failures).toHaveLength(1);
      for (const failure of failures) expectOutage(failure);
      await until("it has ended", () => isOver(running.pid));
      expect(await running.end()).toBe(0);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
  });
});

test("a read-only server: writes are refused as an outage, reads go on, also in a new process, and it ends by itself", async () => {
  const name = await newDatabase();
  const url = new URL(`${server.url}/${name}`);
  url.username = "app";
  url.password = "hush-hush";
  await admin(async (connection) => {
    await connection.query("CREATE USER app@'%' IDENTIFIED BY 'hush-hush'");
    await connection.query(`GRANT ALL ON ${name}.* TO app@'%'`);
  });
  const process = await start(url.href, { ORGROLES_LOG_LEVEL: "trace" });
  await serving(process);
  await createRole(process, "org-before");
  await admin((connection) => connection.query("SET GLOBAL read_only = 1"));
  try {
    const { failures } = await outcomeOf(many(20, () => createRole(process)));
    expect(reasonsOf(failures)).toEqual({ DATABASE_UNAVAILABLE: 20 });
    for (const failure of failures) expectOutage(failure);
    const { config } = await listOrg(process, environmentId, organizationId);
    expect(config?.priorityOrder).toEqual(["member", "org-before"]);

    const second = await startProcess({ ORGROLES_DATABASE_URL: url.href, ORGROLES_ENVIRONMENTS: "alpha,beta" });
    try {
      await healthIs(second, "SERVING");
      expect((await listOrg(second, environmentId, organizationId)).config).toEqual(config);
    } finally {
      expect(await second.end()).toBe(0);
    }
  } finally {
    await admin((connection) => connection.query("SET GLOBAL read_only = 0"));
  }
  const { role } = await until("writes succeed", async () => createRole(process, "org-after"));
  expect(role?.priority).toBe(3);
  expect(process.output()).not.toContain("hush-hush");
  expect(await process.end()).toBe(0);
});

test("a SIGTERM lets the calls in flight finish, takes no new ones, and ends with 0", async () => {
  const name = await newDatabase();
  const running = await start(`${server.url}/${name}`);
  await serving(running);
  await createRole(running);
  await admin(async (connection) => {
    const { calls } = await heldUp(
      connection,
      name,
      () => many(5, (index) => createRole(running, `org-late-${index}`)),
      5,
    );
    process.kill(running.pid, "SIGTERM");
    await until("it stops", async () => (/"stopping"/.test(running.output()) ? true : undefined));
    const stranger = connect(running.address);
    const refused = await failureOf(stranger.environments.getEnvironment({ environmentId }));
    stranger.close();
    expect(refused.code).toBe("UNAVAILABLE");
    await connection.rollback();
    const { answers, failures } = await outcomeOf(calls);
    expect(reasonsOf(failures)).toEqual({});
    expect(answers).toHaveLength(5);
    await until("it has ended", () => isOver(running.pid));
    expect(await running.end()).toBe(0);
    const [rows] = await connection.query<mysql.RowDataPacket[]>("SELECT slug FROM roles WHERE slug LIKE 'org-late-%'");
    expect(rows).toHaveLength(5);
  });
});

describe("a SQLite file that cannot be written", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
    writeFileSync(path.join(folder, "file"), "");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ["below a regular file, to serve", [], "file/orgroles.db"],
    ["below a folder below a regular file, to serve", [], "file/data/orgroles.db"],
    ["below a regular file, to migrate", ["migrate"], "file/orgroles.db"],
    ["in the place of a folder, to serve", [], "."],
  ])("%s: one sentence that names it, and exit code 1", async (_, args, file) => {
    const url = `sqlite:${path.join(folder, file)}`;
    const { code, output } = await runCommand(args, { ORGROLES_DATABASE_URL: url });
    expect(output).toMatch(/^(?:Database: [^\n]+\n)?[^\n]{10,300}\n$/);
    expect(output).toContain(path.join(folder, file));
    expect(output).not.toMatch(/\n\s+at |QueryFailed|undefined/);
    expect(code).toBe(1);
  });
});
