import mysql from "mysql2/promise";
import { linesOf } from "../support/log-lines";
import { connectTo } from "../support/connection";
import { failureOf } from "../support/client";
import { type TestDatabase, type TestEngine, engines, servers } from "../support/engines";
import { marker, markedRequest, markedRpcs } from "../support/marked-requests";
import { type ServiceProcess, startProcess } from "../support/process";
import { rawClient } from "../support/raw";
import { type PrivateServer, startPrivateMariadb } from "../support/servers";
import { queryOnce } from "../support/storage";
import { until } from "../support/until";

interface Line {
  readonly msg: string;
  readonly method?: string;
  readonly requestId?: string;
  readonly err?: {
    type: string;
    message?: string;
    errno?: number;
    code?: string;
    sqlState?: string;
    statement?: string;
  };
}

/** Starts a service on which what marked requests name exists. */
async function startMarked(url: string, settings: Record<string, string> = {}): Promise<ServiceProcess> {
  const service = await startProcess({
    ORGROLES_DATABASE_URL: url,
    ORGROLES_ENVIRONMENTS: "alpha",
    ORGROLES_LOG_LEVEL: "trace",
    ...settings,
  });
  const environmentId = "mk7-env";
  const organization = { environmentId, organizationId: "mk7-org" };
  await until("the database is there", () => service.environments.createEnvironment({ environmentId }));
  // each has a connection of its own, perhaps to another worker
  const scope = { environmentId: "alpha" };
  await until("it is there for roles", () => service.roles.listEnvironmentRoles(scope));
  await until("it is there for permissions", () => service.permissions.listPermissions(scope));
  await until("it is there for members", () =>
    service.memberships.listMemberships({ ...scope, organizationId: "any" }),
  );
  await service.permissions.createPermission({ environmentId, slug: "mk7.permission", name: "mk7" });
  await service.roles.createRole({ environmentId, slug: "mk7-role", name: "mk7" });
  await service.roles.createRole({ ...organization, slug: "org-mk7-role", name: "mk7" });
  await service.memberships.setMemberRoles({ ...organization, userId: "mk7-user", roleSlugs: ["mk7-role"] });
  return service;
}

/** The RPCs after which everything that marked requests name is still there. */
const withoutLoss = markedRpcs.filter((rpc) => !/\/DeleteEnvironment$|DeleteOrg/.test(rpc));

/** Calls every RPC with both kinds of requests; the reasons of what was refused. */
async function callAll({ address }: ServiceProcess, rpcs = markedRpcs): Promise<Set<string | undefined>> {
  const client = rawClient(address);
  const reasons = new Set<string | undefined>();
  try {
    for (const rpc of rpcs) {
      const answers = await Promise.all(
        (["valid", "invalid"] as const).map((kind) => client.call(rpc, markedRequest(rpc, kind))),
      );
      for (const { failure } of answers) reasons.add(failure?.reason);
    }
  } finally {
    client.close();
  }
  return reasons;
}

/** Lines that have what callers sent, or no end. */
const badLines = (service: ServiceProcess) =>
  service
    .output()
    .split("\n")
    .filter((line) => marker.test(line) || Buffer.byteLength(line) > 8192)
    .map((line) => line.slice(0, 1000));

interface Failing {
  readonly what: string;
  readonly breakIt: readonly string[];
  readonly mendIt: readonly string[];
  readonly number: number | string;
  /** What callers get; absent: INTERNAL. */
  readonly reason?: string;
}

const ofServers: Failing[] = [
  {
    what: "a missing table",
    breakIt: ["RENAME TABLE roles TO gone"],
    mendIt: ["RENAME TABLE gone TO roles"],
    number: 1146,
  },
  {
    what: "a missing column",
    breakIt: ["ALTER TABLE roles RENAME COLUMN name TO gone"],
    mendIt: ["ALTER TABLE roles RENAME COLUMN gone TO name"],
    number: 1054,
  },
  {
    what: "a trigger that quotes a value",
    breakIt: [
      `CREATE TRIGGER quoting BEFORE INSERT ON roles FOR EACH ROW BEGIN
       DECLARE said varchar(100) DEFAULT CONCAT('not ', NEW.name); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = said; END`,
    ],
    mendIt: ["DROP TRIGGER quoting"],
    number: 1644,
  },
  {
    what: "a trigger that quotes a value as if a table were full",
    breakIt: [
      `CREATE TRIGGER quoting BEFORE INSERT ON roles FOR EACH ROW BEGIN
       DECLARE said varchar(100) DEFAULT CONCAT('not ', NEW.name);
       SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = said; END`,
    ],
    mendIt: ["DROP TRIGGER quoting"],
    number: 1114,
    reason: "DATABASE_UNAVAILABLE",
  },
  {
    what: "a column that is too short",
    breakIt: [
      "DELETE FROM answered_requests",
      "ALTER TABLE answered_requests ADD copy varchar(3) GENERATED ALWAYS AS (request_id) STORED",
    ],
    mendIt: ["ALTER TABLE answered_requests DROP copy"],
    number: 1406,
  },
];

const ofSqlite: Failing[] = [
  {
    what: "a missing table",
    breakIt: ["ALTER TABLE roles RENAME TO gone"],
    mendIt: ["ALTER TABLE gone RENAME TO roles"],
    number: "SQLITE_ERROR",
  },
  {
    what: "a trigger that raises an error",
    breakIt: ["CREATE TRIGGER quoting BEFORE INSERT ON roles BEGIN SELECT RAISE(ABORT, 'not mk7'); END"],
    mendIt: ["DROP TRIGGER quoting"],
    number: "SQLITE_CONSTRAINT_TRIGGER",
  },
];

/** Lines that say why a call failed, of the error that is looked for. */
const causes = (service: ServiceProcess, number: number | string) =>
  linesOf<Line>(service).filter(({ err }) => (typeof number === "number" ? err?.errno : err?.code) === number);

describe.each(engines)("on $name, whatever callers send is in no line", (engine: TestEngine) => {
  let database: TestDatabase;
  let service: ServiceProcess;
  beforeAll(async () => {
    database = await engine.create();
    service = await startMarked(database.url);
  });
  afterAll(async () => {
    await service?.end();
    await database?.drop();
  });

  test.each(engine.name === "sqlite" ? ofSqlite : ofServers)(
    "with $what, but the cause is",
    async ({ breakIt, mendIt, number, reason = "INTERNAL" }) => {
      for (const sql of breakIt) await queryOnce(database, sql);
      const reasons = await callAll(service, withoutLoss);
      expect(reasons).toContain(reason);
      const [line] = await until("the cause is in the log", async () =>
        causes(service, number).length ? causes(service, number) : undefined,
      );
      if (reason === "INTERNAL")
        expect(line).toMatchObject({
          msg: "internal error",
          method: expect.stringMatching(/^\/orgroles\.v1\.\w+\/\w+$/),
          requestId: expect.any(String),
        });
      expect(line).toMatchObject({
        err: {
          type: expect.stringMatching(/^\w+$/),
          message: expect.any(String),
          statement: expect.stringMatching(/^\s*(?:SELECT|INSERT|UPDATE|DELETE)\b.*\?/),
        },
      });
      expect(badLines(service)).toEqual([]);
      for (const sql of mendIt) await queryOnce(database, sql);
    },
  );

  test("when all is well", async () => {
    await callAll(service);
    expect(badLines(service)).toEqual([]);
  });
});

describe.each(servers)("on $name, a connection that ends in the midst of a statement", (server) => {
  test.each([
    ["is killed", "DATABASE_UNAVAILABLE", {}],
    ["has no answer in time", "DATABASE_UNAVAILABLE", { ORGROLES_DATABASE_TIMEOUT_MS: "500" }],
    // eight times five seconds: on one server only
    ...(server.name === "mariadb"
      ? [["waits for a lock for too long", "CONFLICT_RETRY", { ORGROLES_DATABASE_TIMEOUT_MS: "60000" }] as const]
      : []),
  ] as const)(
    "%s, and nothing of it is in the log",
    async (what, reason, settings) => {
      const database = await server.create();
      const service = await startMarked(database.url, settings);
      const lock = await connectTo(database.url);
      try {
        await lock.beginTransaction();
        await lock.query("UPDATE organizations SET revision = revision + 1");
        const call = failureOf(
          service.roles.createRole({ environmentId: "mk7-env", organizationId: "mk7-org", name: "mk7 name" }),
        );
        if (what === "is killed")
          await until("the statement is killed", async () => {
            const [rows] = await lock.query<mysql.RowDataPacket[]>(
              "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE%'",
            );
            if (!rows[0]) return undefined;
            await lock.query(`KILL ${Number(rows[0]["id"] ?? rows[0]["ID"])}`);
            return true;
          });
        expect(await call).toMatchObject({ reason });
        const refused = await until("the cause is in the log", async () =>
          linesOf<Line>(service).find(({ msg, method }) => msg === "refused" && method?.endsWith("/CreateRole")),
        );
        expect(JSON.stringify(refused)).toMatch(/"(?:errno|code)":/);
        expect(JSON.stringify(refused)).toMatch(/"statement":"UPDATE/);
        expect(badLines(service)).toEqual([]);
      } finally {
        lock.destroy();
        await service.end();
        await database.drop();
      }
    },
    120_000,
  );
});

describe("with workers, on a server", () => {
  let server: PrivateServer;
  let service: ServiceProcess | undefined;
  beforeAll(async () => {
    server = await startPrivateMariadb();
  });
  afterEach(() => service?.end());
  afterAll(() => server?.stop());

  async function admin(...statements: string[]): Promise<void> {
    const connection = await connectTo(server.url);
    try {
      for (const sql of statements) await connection.query(sql);
    } finally {
      connection.destroy();
    }
  }

  test.each([
    ["that becomes read-only", 1290, () => admin("SET GLOBAL read_only = 1")],
    [
      "that takes a privilege back",
      1142,
      // whatever name the server has for the host: a connection keeps the privileges that it began with
      () => admin("REVOKE INSERT, UPDATE ON marked.* FROM app@'127.0.0.1'", "KILL USER app"),
    ],
    ["that is killed", "PROTOCOL_CONNECTION_LOST", () => server.kill()],
  ])(
    "%s, nothing that callers send is in the log",
    async (_, number, upset) => {
      await admin(
        "DROP DATABASE IF EXISTS marked",
        "CREATE DATABASE marked",
        "CREATE OR REPLACE USER app@'127.0.0.1' IDENTIFIED BY 'mk7password'",
        "GRANT ALL ON marked.* TO app@'127.0.0.1'",
      );
      const url = server.url.replace("root@", "app:mk7password@");
      service = await startMarked(`${url}/marked`, { ORGROLES_WORKERS: "2" });
      const running = service;
      await upset();
      const code = typeof number === "number" ? new RegExp(`"errno":${number}\\b`) : /"code":"(?:PROTOCOL_CONN|ECONN)/;
      const seen = async () => {
        await callAll(running, withoutLoss);
        return code.test(running.output()) ? true : undefined;
      };
      await until("the cause is in the log", seen, 90);
      expect(badLines(running)).toEqual([]);
      if (number === 1290) await admin("SET GLOBAL read_only = 0");
    },
    150_000,
  );
});
