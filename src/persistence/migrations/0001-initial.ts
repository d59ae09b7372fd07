import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/** The tables, in an order in which they can be dropped. */
const tables = [
  "organizations",
  "roles",
  "role_permissions",
  "permissions",
  "answered_requests",
  "purges",
  "environment_anchors",
  "environments",
];

/** Creates environments, organizations, roles and permissions. */
export class Initial1790000000001 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = tables.map((table) => ({ table }));

  async up(runner: QueryRunner): Promise<void> {
    const { ascii, text, longAscii, longText, integer, boolean, createTable, createIndex, quote } = ddl(runner);

    await createTable(
      "environments",
      `uid ${ascii(26)}`,
      `id ${ascii(64)}`,
      `display_name ${text(64)}`,
      `multiple_roles_enabled ${boolean}`,
      `default_role_id ${ascii(31)}`,
      `role_order ${longAscii}`,
      `revision ${integer}`,
      `create_time ${integer}`,
      `update_time ${integer}`,
      "PRIMARY KEY (uid)",
    );
    await createIndex("UNIQUE INDEX", "environments_id", "environments", "id");

    await createTable(
      "environment_anchors",
      `environment_uid ${ascii(26)}`,
      `closings ${integer}`,
      "PRIMARY KEY (environment_uid)",
    );

    await createTable(
      "organizations",
      `environment_uid ${ascii(26)}`,
      `id ${ascii(64)}`,
      `revision ${integer}`,
      `own_since_revision ${integer}`,
      `default_role_id ${ascii(31)}`,
      `role_order ${longAscii}`,
      "PRIMARY KEY (environment_uid, id)",
      `CONSTRAINT ${quote("organizations_environment")} FOREIGN KEY (${quote("environment_uid")})` +
        ` REFERENCES ${quote("environment_anchors")} (environment_uid) ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await createIndex("INDEX", "organizations_default_role", "organizations", "environment_uid, default_role_id");

    await createTable(
      "roles",
      `environment_uid ${ascii(26)}`,
      `organization_id ${ascii(64)}`,
      `id ${ascii(31)}`,
      `slug ${ascii(48)}`,
      `slug_scope ${ascii(80)}`,
      `name ${text(48)}`,
      `description ${text(150)}`,
      `created_revision ${integer}`,
      `create_time ${integer}`,
      `update_time ${integer}`,
      `deleted_revision ${integer}`,
      `replacement_role_id ${ascii(31)}`,
      `environment_default_role_id ${ascii(31)}`,
      "PRIMARY KEY (environment_uid, organization_id, id)",
    );
    await createIndex("UNIQUE INDEX", "roles_slug", "roles", "environment_uid, slug_scope, slug");

    await createTable(
      "role_permissions",
      `environment_uid ${ascii(26)}`,
      `organization_id ${ascii(64)}`,
      `role_id ${ascii(31)}`,
      `permission_id ${ascii(31)}`,
      "PRIMARY KEY (environment_uid, organization_id, role_id, permission_id)",
    );
    await createIndex("INDEX", "role_permissions_permission", "role_permissions", "environment_uid, permission_id");

    await createTable(
      "permissions",
      `environment_uid ${ascii(26)}`,
      `id ${ascii(31)}`,
      `slug ${ascii(48)}`,
      `name ${text(48)}`,
      `description ${text(150)}`,
      `create_time ${integer}`,
      `update_time ${integer}`,
      "PRIMARY KEY (environment_uid, id)",
    );
    await createIndex("UNIQUE INDEX", "permissions_slug", "permissions", "environment_uid, slug");

    await createTable(
      "answered_requests",
      `environment_id ${ascii(64)}`,
      `request_id ${ascii(36)}`,
      `fingerprint ${ascii(64)}`,
      `answer ${longText}`,
      `create_time ${integer}`,
      "PRIMARY KEY (environment_id, request_id)",
    );
    await createIndex("INDEX", "answered_requests_time", "answered_requests", "create_time");

    await createTable(
      "purges",
      `kind ${ascii(16)}`,
      `environment_uid ${ascii(26)}`,
      `subject_id ${ascii(31)}`,
      `delete_time ${integer}`,
      "PRIMARY KEY (kind, environment_uid, subject_id)",
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of tables) await runner.query(`DROP TABLE IF EXISTS ${name}`);
  }
}
