import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/** Adds an index for the memberships of a user. InnoDB makes it while others read and write the table. */
export class MembersByUser1790000000006 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [];

  async up(runner: QueryRunner): Promise<void> {
    const columns = "environment_uid, user_id, organization_uid";
    await ddl(runner).createIndex("INDEX", "role_assignments_user", "role_assignments", columns);
  }

  async down(runner: QueryRunner): Promise<void> {
    await ddl(runner).dropIndex("role_assignments_user", "role_assignments");
  }
}
