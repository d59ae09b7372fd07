import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/** Adds an index for the query that every process sends each second: which environments request rewriting. */
export class SweepIndex1790000000003 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [];

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).createIndex("INDEX", "successions_sweep", "successions", "sweep_requested");
  }

  async down(runner: QueryRunner): Promise<void> {
    await ddl(runner).dropIndex("successions_sweep", "successions");
  }
}
