import type { DataSource } from "typeorm";

/** The part of a database that stores and jobs need. */
export interface DatabaseAccess {
  /** Runs work on the database. Throws DATABASE_UNAVAILABLE at once while there is none. */
  use<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T>;
  /** Notes that a statement failed as if the database were gone. */
  suspect(cause: unknown): void;
}
