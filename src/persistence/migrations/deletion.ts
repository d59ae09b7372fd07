import type { MigrationInterface } from "typeorm";

/** Something that the revert of a migration deletes: a table, a column of it, or the rows that a condition selects. */
export interface Deletion {
  readonly table: string;
  readonly column?: string;
  readonly where?: string;
}

/** A migration that declares what its `down` deletes, so that an operator can confirm it first. */
export interface ReversibleMigration extends MigrationInterface {
  readonly deletions: readonly Deletion[];
}
