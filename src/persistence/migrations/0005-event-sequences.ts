import { randomBytes } from "node:crypto";
import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

const tables = ["event_sequences", "event_erasures", "secrets"];

/** Creates the sequences in which events are read, and the secret of their tokens. */
export class EventSequences1790000000005 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = tables.map((table) => ({ table }));

  async up(runner: QueryRunner): Promise<void> {
    const { ascii, integer, createTable } = ddl(runner);
    await createTable(
      "event_sequences",
      `environment_uid ${ascii(26)}`,
      `touches ${integer}`,
      `last_position ${integer}`,
      `purged_position ${integer}`,
      "PRIMARY KEY (environment_uid)",
    );
    await createTable(
      "event_erasures",
      `environment_uid ${ascii(26)}`,
      `organization_id ${ascii(64)}`,
      `before_revision ${integer}`,
      "PRIMARY KEY (environment_uid, organization_id)",
    );
    await createTable("secrets", `name ${ascii(32)}`, `value ${ascii(64)}`, "PRIMARY KEY (name)");
    await runner.query(
      `INSERT INTO secrets SELECT 'resume_tokens', '${randomBytes(32).toString("hex")}'` +
        " WHERE NOT EXISTS (SELECT 1 FROM secrets WHERE name = 'resume_tokens')",
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("UPDATE events SET position = 0 WHERE position > 0");
    for (const name of tables) await runner.query(`DROP TABLE IF EXISTS ${name}`);
  }
}
