import type { MigrationInterface } from "typeorm";

/** What taking a migration back deletes: a table, one of its columns, or those of its rows that a condition names. */
export interface Deletion {
  readonly table: string;
  readonly column?: string;
  readonly where?: string;
}

/** A migration that says what its `down` deletes, so that somebody can be asked before. */
export interface ReversibleMigration extends MigrationInterface {
  readonly deletions: readonly Deletion[];
}
