import type { DataSource, QueryRunner } from "typeorm";
import type { EnvironmentUid, RoleId } from "../../src/domain/ids";
import type { Organization } from "../../src/domain/organization";
import { isLive } from "../../src/domain/role";
import { openDatabase } from "../../src/persistence/connection/open-database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { migrations } from "../../src/persistence/migrations";
import { migrate, pendingMigrations, revert } from "../../src/persistence/migrations/migrate";
import { failureOf } from "../support/client";
import { runCommand } from "../support/command";
import { type TestDatabase, type TestEngine, engines, servers } from "../support/engines";
import { healthOf } from "../support/health";
import { many } from "../support/many";
import { startProcess } from "../support/process";
import { aMember, openStorage, org } from "../support/storage";
import { until } from "../support/until";

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
const housekeeping = ["leases", "migrations"];
const expectedTables = (dataSource: DataSource) =>
  [...dataSource.entityMetadatas.map(({ tableName }) => tableName), "migrations"].toSorted();

async function open({ url }: TestDatabase): Promise<DataSource> {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  return openDatabase(parsed.value, { poolSize: 2, timeout: 30_000 });
}

async function tablesOf(dataSource: DataSource): Promise<string[]> {
  const rows: { name: string }[] = await dataSource.query(
    dataSource.options.type === "better-sqlite3"
      ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
  );
  return rows.map(({ name }) => name).toSorted();
}

/** What TypeORM would change to make the schema what the entities say. */
async function proposals(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

/** A runner that fails before the statement with the given number, from 1. */
function failingAt(runner: QueryRunner, number: number): QueryRunner {
  let count = 0;
  const query = (...parameters: Parameters<QueryRunner["query"]>) => {
    count += 1;
    if (count === number) throw new Error("the process died here");
    return runner.query(...parameters);
  };
  return { dataSource: runner.dataSource, query } as unknown as QueryRunner;
}

/**
 * Begins a migration again and again, each time getting one statement further; on SQLite in a transaction, as it is run
 * there. Answers how often it took.
 */
async function stumble(
  dataSource: DataSource,
  Migration: (typeof migrations)[number],
  direction: "up" | "down",
): Promise<number> {
  const isSqlite = dataSource.options.type === "better-sqlite3";
  const runner = dataSource.createQueryRunner();
  try {
    for (let number = 1; ; number += 1) {
      if (isSqlite) await runner.startTransaction();
      try {
        await new Migration()[direction](failingAt(runner, number));
        if (isSqlite) await runner.commitTransaction();
        return number;
      } catch (error) {
        if (isSqlite) await runner.rollbackTransaction();
        if (!String(error).includes("the process died here")) throw error;
      }
    }
  } finally {
    await runner.release();
  }
}

describe.each(engines)("the migrations on $name", (engine) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeEach(async () => {
    database = await engine.create();
    dataSource = await open(database);
  });
  afterEach(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  test("go up, down, and up again", async () => {
    expect(await pendingMigrations(dataSource)).toEqual(migrations.map(({ name }) => name));
    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));
    expect(await pendingMigrations(dataSource)).toEqual([]);
    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));

    for (const _ of migrations) await revert(dataSource);
    expect(await tablesOf(dataSource)).toEqual(housekeeping);
    expect(await pendingMigrations(dataSource)).toEqual(migrations.map(({ name }) => name));

    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));
    expect(await proposals(dataSource)).toEqual([]);
  });

  test("make the schema that the entities describe, and TypeORM would see a difference", async () => {
    await migrate(dataSource);
    expect(await proposals(dataSource)).toEqual([]);
    await dataSource.query(`DROP INDEX roles_slug${engine.name === "sqlite" ? "" : " ON roles"}`);
    expect(await proposals(dataSource)).toEqual([expect.stringMatching(/^CREATE UNIQUE INDEX.*roles_slug/)]);
  });

  test("can be run again after a crash between any two statements, up and down", async () => {
    let attempts = 0;
    for (const migration of migrations) attempts += await stumble(dataSource, migration, "up");
    expect(attempts).toBeGreaterThan(expectedTables(dataSource).length);
    await migrate(dataSource);
    expect(await tablesOf(dataSource)).toEqual(expectedTables(dataSource));
    expect(await proposals(dataSource)).toEqual([]);

    attempts = 0;
    for (const migration of migrations.toReversed()) {
      attempts += await stumble(dataSource, migration, "down");
      await revert(dataSource); // the process died before it noted that the migration is taken back
    }
    expect(attempts).toBeGreaterThan(expectedTables(dataSource).length - housekeeping.length);
    expect(await tablesOf(dataSource)).toEqual(housekeeping);
  });

  test("are done once when several processes begin at once on an empty database", async () => {
    const settings = { ORGROLES_DATABASE_URL: database.url };
    const ended = await Promise.all(many(4, () => runCommand(["migrate"], settings)));
    expect(ended).toEqual(
      many(4, () => ({
        code: 0,
        output: expect.stringMatching(
          /^Database: [^\n]*\n(?:Another process is migrating [^\n]*\n)?The migrations are complete\.\n$/,
        ) as string,
      })),
    );
    expect(await dataSource.query("SELECT name FROM migrations")).toHaveLength(migrations.length);
    expect(await proposals(dataSource)).toEqual([]);

    expect((await runCommand(["migrate", "down", "--yes", "--force"], settings)).code).toBe(0);
    expect(await pendingMigrations(dataSource)).toEqual([migrations.at(-1)?.name]);
  });
});

const paddedRoleId = (text: string) => `role_${text.padEnd(26, "0")}` as RoleId;

const rowsOf = async (dataSource: DataSource, columns: string) => {
  const rows: object[] = await dataSource.query(`SELECT ${columns} FROM organizations`);
  return rows.map((row) => Object.values(row).map(String).join(" ")).toSorted();
};

describe.each(engines)("the migration to members on $name", (engine) => {
  const [Initial] = migrations;
  const uids = ["01JALPHA000000000000000000", "01JBETA0000000000000000000"] as EnvironmentUid[];
  const [alpha, beta] = uids as [EnvironmentUid, EnvironmentUid];
  const [member, admin, custom, gone] = ["member", "admin", "custom", "gone"].map(paddedRoleId) as [
    RoleId,
    RoleId,
    RoleId,
    RoleId,
  ];
  let database: TestDatabase;

  /** What the first migration's service would have written: 300 organizations, some of the same ids. */
  async function fill(dataSource: DataSource): Promise<void> {
    for (const [index, uid] of uids.entries()) {
      const id = `environment-${index}`;
      await dataSource.query(
        "INSERT INTO environments (uid, id, display_name, multiple_roles_enabled, default_role_id, role_order," +
          " revision, create_time, update_time) VALUES (?, ?, 'Näme 👍', 0, ?, ?, 9, 1000, 2000)",
        [uid, id, member, `${member},${admin}`],
      );
      await dataSource.query("INSERT INTO environment_anchors (environment_uid, closings) VALUES (?, 0)", [uid]);
      const role = (roleId: RoleId, organization: string, scope: string, deleted: number) =>
        dataSource.query(
          "INSERT INTO roles (environment_uid, organization_id, id, slug, slug_scope, name, description," +
            " created_revision, create_time, update_time, deleted_revision, replacement_role_id," +
            " environment_default_role_id) VALUES (?, ?, ?, ?, ?, 'Name', '', 2, 1000, 2000, ?, ?, ?)",
          [
            uid,
            organization,
            roleId,
            roleId.toLowerCase(),
            scope,
            deleted,
            deleted ? admin : "",
            deleted ? member : "",
          ],
        );
      await role(member, "", "environment", 0);
      await role(admin, "", "environment", 0);
      await role(gone, "", `tombstone:${gone}`, 8);
      await role(custom, "acme", "organization:acme", 0);
      for (const organization of ["acme", "Acme", ...many(148, (number) => `org-${number}`)])
        await dataSource.query(
          "INSERT INTO organizations (environment_uid, id, revision, own_since_revision, default_role_id, role_order)" +
            " VALUES (?, ?, 7, 3, ?, ?)",
          [uid, organization, organization === "acme" ? gone : admin, `${custom},${admin},${member}`],
        );
    }
  }

  beforeEach(async () => {
    database = await engine.create();
    const dataSource = await open(database);
    const runner = dataSource.createQueryRunner();
    await new Initial().up(runner);
    await runner.release();
    await fill(dataSource);
    await dataSource.destroy();
  });
  afterEach(() => database?.drop());

  test("gives every organization a uid of its own and keeps its configuration, every environment a succession", async () => {
    const storage = await openStorage(engine, database);
    try {
      const rows: { environment_uid: string; uid: string }[] = await storage.query("SELECT * FROM organizations");
      expect(new Set(rows.map(({ uid }) => uid)).size).toBe(300);
      for (const { uid } of rows) expect(uid).toMatch(/^[0-9a-f]{26}$/);

      await storage.units.read(async ({ organizations, environments, roles }) => {
        for (const uid of uids) {
          const ids = ["acme", "Acme", "org-147"].map(org);
          const found = await organizations.find(uid, ids);
          const order = [custom, admin, member];
          expect(found).toMatchObject([
            { id: "Acme", revision: 7, own: { defaultRoleId: admin, order } },
            { id: "acme", revision: 7, own: { defaultRoleId: gone, order } },
            { id: "org-147", revision: 7, own: { defaultRoleId: admin, order } },
          ]);
          expect(
            (
              await organizations.findByUid(
                uid,
                found.map((one) => one.uid),
              )
            ).toSorted(byId),
          ).toEqual(found);
          expect(await organizations.count(uid)).toBe(150);
          expect(await organizations.countByDefault(uid, [gone])).toBe(1);
          const environmentRoles = await roles.listOfEnvironment(uid);
          expect(environmentRoles.filter(isLive).map(({ id }) => id)).toEqual(expect.arrayContaining([member, admin]));
          expect(environmentRoles.find(({ id }) => id === gone)?.tombstone).toEqual({
            deletedRevision: 8,
            replacementRoleId: admin,
            environmentDefaultRoleId: member,
          });
          expect(await roles.listReplaced(uid)).toEqual([]);
          expect((await roles.listOfOrganizations(uid, ids)).get(org("acme"))?.customRoles).toHaveLength(1);
        }
        expect(new Set(await environments.listRewritingRequests())).toEqual(
          new Set(uids.map((uid) => ({ uid, touches: 0 }))),
        );
      });

      await storage.units.write(async (stores) => {
        const [acme] = await stores.organizations.lock(alpha, [org("acme")]);
        await stores.environments.lockMemberRoles(alpha);
        await stores.memberships.put(alpha, [aMember((acme as Organization).uid, "ann", [custom])]);
        await stores.environments.endRewriting(alpha);
      });
      expect(await storage.units.lookup(({ environments }) => environments.listRewritingRequests())).toEqual([
        { uid: beta, touches: 0 },
      ]);
    } finally {
      await storage.close();
    }
  });

  test("is taken back and done again, and the organizations, their configurations and all tombstones stay", async () => {
    const columns = "environment_uid, id, revision, default_role_id, role_order";
    const dataSource = await open(database);
    try {
      const before = await rowsOf(dataSource, columns);
      const roles = await dataSource.query("SELECT * FROM roles ORDER BY environment_uid, id");
      expect(before).toHaveLength(300);
      await migrate(dataSource);
      expect(await rowsOf(dataSource, columns)).toEqual(before);
      await dataSource.query(
        "INSERT INTO roles SELECT environment_uid, organization_id, 'role_replaced', slug, 'replaced:role_replaced', name," +
          " description, created_revision, create_time, update_time, deleted_revision, ?, environment_default_role_id" +
          " FROM roles WHERE id = ?",
        [admin, custom],
      );

      for (const _ of migrations.slice(1)) await revert(dataSource);
      expect(await pendingMigrations(dataSource)).toEqual(migrations.slice(1).map(({ name }) => name));
      expect(await rowsOf(dataSource, `${columns}, own_since_revision`)).toEqual(before.map((row) => `${row} 0`));
      expect(await dataSource.query("SELECT * FROM roles ORDER BY environment_uid, id")).toEqual(roles);
      expect(await tablesOf(dataSource)).not.toContain("role_assignments");

      await migrate(dataSource);
      expect(await rowsOf(dataSource, columns)).toEqual(before);
      expect(new Set(await rowsOf(dataSource, "uid")).size).toBe(300);
      expect(await proposals(dataSource)).toEqual([]);
    } finally {
      await dataSource.destroy();
    }
  });
});

describe.each(servers)("the schema on $name", (engine) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await engine.create();
    dataSource = await open(database);
    await migrate(dataSource);
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  test("compares all text byte by byte, has no nullable column and no default", async () => {
    const columns: { place: string; nullable: string; collation: string | null; fallback: string | null }[] =
      await dataSource.query(
        "SELECT CONCAT(table_name, '.', column_name) AS place, is_nullable AS nullable, collation_name AS collation," +
          " column_default AS fallback FROM information_schema.columns" +
          " WHERE table_schema = DATABASE() AND table_name <> 'migrations'",
      );
    expect(columns.length).toBeGreaterThan(50);
    for (const { place, ...column } of columns)
      expect({ place, ...column }).toEqual({
        place,
        nullable: "NO",
        collation: column.collation === null ? null : expect.stringMatching(/^(ascii|utf8mb4)_bin$/),
        fallback: null,
      });
    expect(columns.filter(({ collation }) => collation === "ascii_bin").length).toBeGreaterThan(20);
    expect(columns.filter(({ collation }) => collation === "utf8mb4_bin").length).toBeGreaterThan(5);
  });

  test("is InnoDB throughout, each table with a primary key", async () => {
    const found: { name: string; engine: string; keys: unknown }[] = await dataSource.query(
      "SELECT t.table_name AS name, t.engine AS engine, COUNT(s.index_name) AS `keys` FROM information_schema.tables t" +
        " LEFT JOIN information_schema.statistics s ON s.table_schema = t.table_schema AND s.table_name = t.table_name" +
        " AND s.index_name = 'PRIMARY' AND s.seq_in_index = 1" +
        " WHERE t.table_schema = DATABASE() GROUP BY t.table_name, t.engine",
    );
    const expected = expectedTables(dataSource).map((name) => ({ name, engine: "InnoDB", keys: 1 }));
    expect(new Set(found.map((row) => ({ ...row, keys: Number(row.keys) })))).toEqual(new Set(expected));
  });

  test("is left alone with ORGROLES_MIGRATE=off: the service says what to do, and serves when it is done", async () => {
    const empty = await engine.create();
    const service = await startProcess({
      ORGROLES_DATABASE_URL: empty.url,
      ORGROLES_MIGRATE: "off",
      ORGROLES_ENVIRONMENTS: "alpha",
    });
    try {
      await until("it says what to do", async () => /run npm run migrate/.test(service.output()) || undefined);
      expect(await healthOf(service.address)).toBe("NOT_SERVING");
      expect(await failureOf(service.environments.listEnvironments({}))).toMatchObject({
        code: "UNAVAILABLE",
        reason: "DATABASE_UNAVAILABLE",
      });
      const other = await open(empty);
      expect(await tablesOf(other)).toEqual([]);
      await other.destroy();

      expect((await runCommand(["migrate"], { ORGROLES_DATABASE_URL: empty.url })).code).toBe(0);
      await until("it serves", async () => (await healthOf(service.address)) === "SERVING" || undefined);
      const { environments } = await service.environments.listEnvironments({});
      expect(environments.map(({ id }) => id)).toEqual(["alpha"]);
    } finally {
      expect(await service.end()).toBe(0);
      await empty.drop();
    }
  });
});

describe("on SQLite", () => {
  const [sqlite] = engines as [TestEngine];
  let database: TestDatabase;
  beforeEach(async () => {
    database = await sqlite.create();
  });
  afterEach(() => database?.drop());

  test("the schema has no collation but bytes, no nullable column and no default", async () => {
    const dataSource = await open(database);
    await migrate(dataSource);
    const created: { sql: string | null }[] = await dataSource.query("SELECT sql FROM sqlite_master");
    for (const { sql } of created) expect(sql ?? "").not.toMatch(/COLLATE/i);
    const columns: object[] = await dataSource.query(
      'SELECT t.name AS place, c.name, c."notnull", c.dflt_value FROM sqlite_master t, pragma_table_info(t.name) c' +
        " WHERE t.type = 'table' AND t.name <> 'migrations' AND t.name NOT LIKE 'sqlite_%'",
    );
    expect(columns.length).toBeGreaterThan(50);
    for (const column of columns) expect(column).toMatchObject({ notnull: 1, dflt_value: null });
    await dataSource.destroy();
  });

  test("with ORGROLES_MIGRATE=off the service does not start on an empty file, and says what to do", async () => {
    const ended = await runCommand([], { ORGROLES_DATABASE_URL: database.url, ORGROLES_MIGRATE: "off" });
    expect(ended).toEqual({ code: 1, output: expect.stringMatching(/^the database lacks .*: run npm run migrate\n$/) });
  });
});
