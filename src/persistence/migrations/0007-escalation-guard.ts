import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/** Creates the list of environments whose escalation guard is on. */
export class EscalationGuard1790000000007 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [{ table: "escalation_guards" }];

  async up(runner: QueryRunner): Promise<void> {
    const { ascii, createTable } = ddl(runner);
    await createTable("escalation_guards", `environment_uid ${ascii(26)}`, "PRIMARY KEY (environment_uid)");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP TABLE IF EXISTS escalation_guards");
  }
}
