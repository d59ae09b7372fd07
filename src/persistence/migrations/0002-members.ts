import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";
import type { Engine } from "../engines/dialect";

const tables = ["role_assignments", "group_roles", "role_collapses", "successions"];

const hashOfKey = "LEFT(SHA2(CONCAT(environment_uid, ' ', id), 256), 26)";

/** Expressions for a new uid of an organization. A server may run the statement twice, so that it derives the uid. */
const newUids: Readonly<Record<Engine, string>> = {
  sqlite: "lower(hex(randomblob(13)))",
  mariadb: hashOfKey,
  mysql: hashOfKey,
};

/** A condition for custom roles that were deleted while members had them. */
const deletedInUse = "slug_scope LIKE 'replaced:%'";

/**
 * Creates members and mapped groups. They refer to an internal id of the organization, so that the deletion of an
 * organization takes constant time. Drops the revision of own configurations, which nothing needs any more.
 */
export class Members1790000000002 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [
    ...tables.map((table) => ({ table })),
    { table: "roles", where: deletedInUse },
    { table: "organizations", column: "uid" },
  ];

  async up(runner: QueryRunner): Promise<void> {
    const { ascii, longAscii, integer, boolean, createTable, createIndex, hasColumn, canAlterColumns, engine } =
      ddl(runner);
    const newUid = newUids[engine];

    if (!canAlterColumns) await this.replaceOrganizations(runner, "uid", newUid);
    else {
      if (!(await hasColumn("organizations", "uid")))
        await runner.query(`ALTER TABLE organizations ADD COLUMN uid ${ascii(26)} AFTER id`);
      await runner.query(`UPDATE organizations SET uid = ${newUid} WHERE uid = ''`);
      if (await hasColumn("organizations", "own_since_revision"))
        await runner.query("ALTER TABLE organizations DROP COLUMN own_since_revision");
    }
    await createIndex("UNIQUE INDEX", "organizations_uid", "organizations", "environment_uid, uid");

    await createTable(
      "role_assignments",
      `environment_uid ${ascii(26)}`,
      `organization_uid ${ascii(26)}`,
      `user_id ${ascii(64)}`,
      `role_id ${ascii(31)}`,
      `several_since ${integer}`,
      `create_time ${integer}`,
      `update_time ${integer}`,
      "PRIMARY KEY (environment_uid, organization_uid, user_id, role_id)",
    );
    const withRole = "environment_uid, role_id, organization_uid, user_id, several_since";
    await createIndex("INDEX", "role_assignments_role", "role_assignments", withRole);
    await createIndex("INDEX", "role_assignments_several", "role_assignments", "environment_uid, several_since");

    await createTable(
      "group_roles",
      `environment_uid ${ascii(26)}`,
      `organization_uid ${ascii(26)}`,
      `group_id ${ascii(64)}`,
      `role_id ${ascii(31)}`,
      `create_time ${integer}`,
      `update_time ${integer}`,
      "PRIMARY KEY (environment_uid, organization_uid, group_id)",
    );
    await createIndex("INDEX", "group_roles_role", "group_roles", "environment_uid, role_id");

    await createTable(
      "successions",
      `environment_uid ${ascii(26)}`,
      `touches ${integer}`,
      `sweep_requested ${boolean}`,
      "PRIMARY KEY (environment_uid)",
    );
    await runner.query(
      "INSERT INTO successions SELECT uid, 0, 1 FROM environments" +
        " WHERE uid NOT IN (SELECT environment_uid FROM successions)",
    );

    await createTable(
      "role_collapses",
      `environment_uid ${ascii(26)}`,
      `revision ${integer}`,
      `role_order ${longAscii}`,
      `create_time ${integer}`,
      "PRIMARY KEY (environment_uid, revision)",
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    const { integer, hasColumn, canAlterColumns } = ddl(runner);
    for (const name of tables) await runner.query(`DROP TABLE IF EXISTS ${name}`);
    await runner.query(`DELETE FROM roles WHERE ${deletedInUse}`);
    if (!canAlterColumns) {
      await this.replaceOrganizations(runner, "own_since_revision", "0");
      return;
    }
    if (!(await hasColumn("organizations", "own_since_revision")))
      await runner.query(`ALTER TABLE organizations ADD COLUMN own_since_revision ${integer} AFTER revision`);
    if (await hasColumn("organizations", "uid"))
      await runner.query("ALTER TABLE organizations DROP INDEX organizations_uid, DROP COLUMN uid");
  }

  /** Replaces the table in the migration's transaction, because SQLite adds no column without a default. */
  private async replaceOrganizations(
    runner: QueryRunner,
    added: "uid" | "own_since_revision",
    value: string,
  ): Promise<void> {
    const { ascii, longAscii, integer, createTable, createIndex, quote } = ddl(runner);
    await createTable(
      "new_organizations",
      `environment_uid ${ascii(26)}`,
      `id ${ascii(64)}`,
      added === "uid" ? `uid ${ascii(26)}` : `own_since_revision ${integer}`,
      `revision ${integer}`,
      `default_role_id ${ascii(31)}`,
      `role_order ${longAscii}`,
      "PRIMARY KEY (environment_uid, id)",
      `CONSTRAINT ${quote("organizations_environment")} FOREIGN KEY (${quote("environment_uid")})` +
        ` REFERENCES ${quote("environment_anchors")} (environment_uid) ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `INSERT INTO new_organizations (environment_uid, id, ${added}, revision, default_role_id, role_order)` +
        ` SELECT environment_uid, id, ${value}, revision, default_role_id, role_order FROM organizations`,
    );
    await runner.query("DROP TABLE organizations");
    await runner.query("ALTER TABLE new_organizations RENAME TO organizations");
    await createIndex("INDEX", "organizations_default_role", "organizations", "environment_uid, default_role_id");
  }
}
