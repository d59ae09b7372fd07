import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/**
 * Adds the switch of the escalation guard. It has a default, unlike other columns, because servers of the version before
 * still add environments during an upgrade.
 */
export class EscalationGuard1790000000007 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [{ table: "environments", column: "escalation_guard_enabled" }];

  async up(runner: QueryRunner): Promise<void> {
    const { boolean, hasColumn } = ddl(runner);
    if (!(await hasColumn("environments", "escalation_guard_enabled")))
      await runner.query(`ALTER TABLE environments ADD COLUMN escalation_guard_enabled ${boolean} DEFAULT 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await ddl(runner).hasColumn("environments", "escalation_guard_enabled"))
      await runner.query("ALTER TABLE environments DROP COLUMN escalation_guard_enabled");
  }
}
