import type { MigrationInterface, QueryRunner } from "typeorm";
import { dialect } from "./dialect";

/** Every process asks every few seconds which environments are to be swept, however many there are. */
export class SweepIndex1790000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await dialect(runner).index("INDEX", "successions_sweep", "successions", "sweep_requested");
  }

  async down(runner: QueryRunner): Promise<void> {
    await dialect(runner).dropIndex("successions_sweep", "successions");
  }
}
