import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/** Adds an index for the members of an organization by their beginnings. InnoDB makes it while others use the table. */
export class MembersByCreation1790000000008 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [];

  async up(runner: QueryRunner): Promise<void> {
    const columns = "environment_uid, organization_uid, create_time, user_id";
    await ddl(runner).createIndex("INDEX", "role_assignments_created", "role_assignments", columns);
  }

  async down(runner: QueryRunner): Promise<void> {
    await ddl(runner).dropIndex("role_assignments_created", "role_assignments");
  }
}
