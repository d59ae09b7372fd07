import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/** Creates the records of changes. The history of a database begins here. */
export class Events1790000000004 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [{ table: "events" }];

  async up(runner: QueryRunner): Promise<void> {
    const { ascii, text, longText, integer, createClusteredTable, createIndex } = ddl(runner);
    await createClusteredTable(
      "events",
      `environment_uid ${ascii(26)}`,
      `id ${ascii(30)}`,
      `position ${integer}`,
      `organization_id ${ascii(64)}`,
      `revision ${integer}`,
      `ordinal ${integer}`,
      `environment_revision ${integer}`,
      `type ${ascii(64)}`,
      `user_id ${ascii(64)}`,
      `time ${integer}`,
      `actor ${text(300)}`,
      `acting_user_id ${ascii(64)}`,
      `call_id ${ascii(64)}`,
      `content ${longText}`,
      `content_size ${integer}`,
      "PRIMARY KEY (environment_uid, id)",
    );
    const byPosition = "environment_uid, position, organization_id, revision, ordinal";
    await createIndex("INDEX", "events_position", "events", byPosition);
    const byScope = "environment_uid, organization_id, position, revision, ordinal";
    await createIndex("INDEX", "events_scope", "events", byScope);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP TABLE IF EXISTS events");
  }
}
