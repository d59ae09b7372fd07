import type { DataSource, EntityManager, QueryRunner } from "typeorm";

/** The databases that the service runs on. MariaDB and MySQL share a protocol, not a dialect. */
export type Engine = "sqlite" | "mariadb" | "mysql";

/** Sends a statement, in a runner's transaction or outside of any. Returns its rows, or what the statement changed. */
export type Send = (sql: string, parameters: readonly unknown[], runner?: QueryRunner) => Promise<unknown>;

/** A character set and a collation that compares text byte by byte. */
export interface CharacterSet {
  readonly charset: string;
  readonly collation: string;
}

/** The types of columns that differ between engines. Without a character set the engine compares bytes by itself. */
export interface ColumnTypes {
  readonly ascii: CharacterSet | undefined;
  readonly unicode: CharacterSet | undefined;
  readonly longText: "text" | "mediumtext";
}

export type IndexKind = "INDEX" | "UNIQUE INDEX";

/**
 * Everything that differs between engines. A new engine begins here: its name joins `Engine`, its dialect is a file of
 * its own in this folder, and the compiler names the rest.
 */
export interface Dialect {
  readonly engine: Engine;
  /** The name of TypeORM's driver. */
  readonly driver: "better-sqlite3" | "mariadb" | "mysql";

  // statements
  /** Returns a condition that is true for `count` pairs of values of two columns. */
  amongPairs(columns: string, count: number): string;
  /** Follows a table's name in a SELECT that must read in the order of the primary key. */
  readonly byPrimaryKey: string;
  /** Returns what follows a table's name in a SELECT that must read by an index. */
  byIndex(name: string): string;
  /** Returns a statement that deletes the rows that the condition is true for, which the primary key finds. */
  deleteByPrimaryKey(table: string, where: string): string;
  /** Returns a statement that deletes at most `limit` rows of those that the condition is true for. */
  deleteSome(table: string, where: string, limit: number): string;
  /** The number of rows that one INSERT adds without keeping others waiting. */
  readonly rowsPerInsert: number;

  // connections and transactions
  /** Returns the shortest way of statements to the driver. */
  createSender(dataSource: DataSource): Send;
  /** Runs work in a READ COMMITTED transaction, or a stricter one. */
  write<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** Runs work in a transaction that reads one consistent state. */
  read<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** Returns the number of other connections to the database that the engine shows. */
  countOtherConnections(dataSource: DataSource): Promise<number>;

  // schema
  readonly columnTypes: ColumnTypes;
  /** Ends CREATE TABLE. */
  readonly tableOptions: string;
  /** Ends CREATE TABLE of a table whose rows are stored in the order of the primary key, on every engine. */
  readonly clusteredTableOptions: string;
  /** Whether each migration is a transaction. Elsewhere the engine commits each DDL statement by itself. */
  readonly hasTransactionalDdl: boolean;
  /** Whether columns without a default can be added to a table, and dropped. Elsewhere the table has to be replaced. */
  readonly canAlterColumns: boolean;
  /** Writes a name as TypeORM's schema comparison finds it. */
  readonly quote: (name: string) => string;
  /** Creates the index unless it exists. */
  createIndex(runner: QueryRunner, kind: IndexKind, name: string, table: string, columns: string): Promise<void>;
  /** Drops the index if it exists. */
  dropIndex(runner: QueryRunner, name: string, table: string): Promise<void>;
  readonly hasColumn: (runner: QueryRunner, table: string, name: string) => Promise<boolean>;
}
