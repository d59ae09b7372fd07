import type { DataSource } from "typeorm";
import type { EnvironmentUid, RoleId } from "../../src/domain/ids";
import type { Organization } from "../../src/domain/organization";
import { isLive } from "../../src/domain/role";
import { migrations } from "../../src/persistence/migrations";
import { migrate, pendingMigrations, revert } from "../../src/persistence/migrations/migrate";
import { type TestDatabase, engines } from "../support/engines";
import { many } from "../support/many";
import { openUnmigrated, proposals, tablesOf } from "../support/schema";
import { aMember, openStorage, org } from "../support/storage";

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
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

  /** Writes what the service of the first migration would have written: 300 organizations, some of the same ids. */
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
    const dataSource = await openUnmigrated(database);
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
    const dataSource = await openUnmigrated(database);
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
