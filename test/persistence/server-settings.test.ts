import mysql, { type RowDataPacket } from "mysql2/promise";
import { openDatabase } from "../../src/persistence/connection/open-database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { failureOf } from "../../src/persistence/connection/driver-errors";
import { migrate } from "../../src/persistence/migrations/migrate";
import { connectTo } from "../support/connection";
import { type TestDatabase, type TestEngine, engineOn, engines, servers } from "../support/engines";
import { type PrivateServer, startPrivateMariadb, startPrivateMysql } from "../support/servers";
import { startService } from "../support/service";
import { furnish, organizationIn } from "../support/stage";

const start = { mariadb: startPrivateMariadb, mysql: startPrivateMysql };
const names = servers.map(({ name }) => name as "mariadb" | "mysql");

/** What callers are told of the same calls, without what differs each time. */
async function story(engine: TestEngine, database?: TestDatabase): Promise<unknown> {
  const service = await startService(engine, {}, database);
  const { roles, memberships, environments, access } = service;
  const [environmentId, organizationId] = ["story", "globex"];
  await furnish(service, environmentId);
  const odd = ["O'Brien", "back\\slash", "',(select user()),2,1,1,0,left(1,0),left(1,0))#", "100 % 縗"];
  for (const [number, name] of odd.entries())
    await roles.createRole({ environmentId, organizationId, slug: `org-${number}`, name, description: name });
  const userIds = Array.from({ length: 12 }, (_, number) => `a-user-whose-id-is-longer-than-most-others-are-${number}`);
  for (const userId of userIds)
    await memberships.setMemberRoles({ environmentId, organizationId, userId, roleSlugs: ["org-auditor"] });
  await roles.deleteOrgRole({ environmentId, organizationId, slug: "org-auditor", replacementRoleSlug: "admin" });
  const told = await Promise.all([
    environments.getEnvironment({ environmentId }),
    environments.listEnvironments({}),
    roles.listEnvironmentRoles({ environmentId }),
    organizationIn(service, { environmentId, organizationId }),
    access.checkPermission({
      environmentId,
      organizationId,
      userId: userIds.at(-1) ?? "",
      permission: "invoices:read",
    }),
    memberships.listMemberships({ environmentId, organizationId, pageSize: 5 }),
  ]);
  await service.drop();
  const changing = /^(?:id|uid|etag|.*Time|nextPageToken|asOf.*)$/;
  return JSON.parse(JSON.stringify(told, (key, value: unknown) => (changing.test(key) ? typeof value : value)));
}

describe.each(names)("%s", (name) => {
  const running: PrivateServer[] = [];
  const run = async (...settings: Parameters<typeof startPrivateMariadb>) => {
    const server = await start[name](...settings);
    running.push(server);
    return server;
  };
  afterAll(() => Promise.all(running.map((server) => server.stop())));

  test("with hostile settings answers what it answers with its own, and what SQLite answers", async () => {
    const [hostile, own] = await Promise.all([run("hostile"), run("default")]);
    const stranger = await mysql.createConnection(hostile.url);
    const [[row]] = await stranger.query<RowDataPacket[]>("SELECT @@sql_mode AS mode, @@autocommit AS auto");
    stranger.destroy();
    expect(row).toEqual({ mode: expect.stringContaining("NO_BACKSLASH_ESCAPES") as string, auto: 0 });

    const expected = await story(engines[0] as TestEngine);
    expect(await story(engineOn(name, own.url))).toEqual(expected);
    expect(await story(engineOn(name, hostile.url))).toEqual(expected);

    const root = await connectTo(hostile.url);
    await root.query("CREATE DATABASE app");
    await root.query("CREATE USER app@'%' IDENTIFIED BY 'hush'");
    const privileges = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES";
    await root.query(`GRANT ${privileges} ON app.* TO app@'%'`);
    const asUser = { url: hostile.url.replace("root", "app:hush").concat("/app"), drop: async () => undefined };
    expect(await story(engineOn(name, hostile.url), asUser)).toEqual(expected);
    const [tables] = await root.query<RowDataPacket[]>(
      "SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = 'app'",
    );
    expect(tables.map((table) => Object.values(table))).toEqual([["InnoDB"]]);
    root.destroy();
  });

  test("that writes statements to its binary log is no database, and the error says why", async () => {
    const server = await run("default", "--log-bin=log", "--server-id=1", "--binlog-format=STATEMENT");
    const database = await engineOn(name, server.url)
      .create()
      .catch((error: unknown) => error);
    expect(database).toHaveProperty(
      "message",
      "The database server cannot be used: binlog_format is 'STATEMENT': set it to 'ROW' or 'MIXED' on the server",
    );
    expect(failureOf(database)).toBe("unavailable");

    const stranger = await mysql.createConnection(server.url);
    await stranger.query("CREATE DATABASE app");
    await stranger.query("USE app");
    await stranger.query("CREATE TABLE numbers (id int PRIMARY KEY) ENGINE=InnoDB");
    await stranger.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    const write = await stranger.query("INSERT INTO numbers VALUES (1)").catch((error: unknown) => error);
    expect([failureOf(write), write]).toEqual(["unavailable", expect.objectContaining({ errno: 1665 })]);

    await stranger.query("CREATE USER app@'%' IDENTIFIED BY 'hush'");
    await stranger.query("GRANT ALL ON app.* TO app@'%'");
    const user = await mysql.createConnection(server.url.replace("root", "app:hush"));
    const attempt = await user.query("SET SESSION binlog_format = 'ROW'").catch((error: unknown) => error);
    expect([failureOf(attempt), attempt]).toEqual(["unavailable", expect.objectContaining({ errno: 1227 })]);
    user.destroy();

    await stranger.query("SET GLOBAL binlog_format = 'MIXED'");
    const parsed = parseDatabaseUrl(`${server.url}/app`);
    if (!("value" in parsed)) throw new Error(parsed.rule);
    const dataSource = await openDatabase(parsed.value, { poolSize: 1, timeout: 30_000 });
    await migrate(dataSource);
    await dataSource.destroy();
    stranger.destroy();
  });
});
