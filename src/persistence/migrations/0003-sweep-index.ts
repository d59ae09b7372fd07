import type { QueryRunner } from "typeorm";
import type { Deletion, ReversibleMigration } from "./deletion";
import { ddl } from "../engines/ddl";

/** Every process asks every few seconds which environments are to be swept, however many there are. */
export class SweepIndex1790000000003 implements ReversibleMigration {
  readonly deletions: readonly Deletion[] = [];

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).createIndex("INDEX", "successions_sweep", "successions", "sweep_requested");
  }

  async down(runner: QueryRunner): Promise<void> {
    await ddl(runner).dropIndex("successions_sweep", "successions");
  }
}
