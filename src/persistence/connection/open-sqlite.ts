import { DataSource } from "typeorm";
import { looksLikePath } from "../../display/shown-text";
import { Fault } from "../../domain/fault";
import { sqlite } from "../engines/sqlite";
import { leaveCheckpoints } from "./checkpointer";
import { commonOptions } from "./data-source";
import type { SqliteUrl } from "./database-url";
import { createPrivately, makePrivate } from "./private-files";

interface SqliteOptions {
  readonly enableWAL?: boolean;
  /** Whether a checkpointer moves committed pages into the file. Otherwise commits do. */
  readonly hasCheckpointer?: boolean;
}

/** Opens one connection. TypeORM gives SQLite no more, so that every use of it has to go through a gate. */
export async function openSqlite(
  { file }: SqliteUrl,
  { enableWAL = true, hasCheckpointer = false }: SqliteOptions = {},
): Promise<DataSource> {
  const pragmas = ["synchronous = FULL", ...(hasCheckpointer ? leaveCheckpoints : [])];
  const dataSource = new DataSource({
    ...commonOptions(sqlite),
    type: "better-sqlite3",
    driver: require("libsql"), // has better-sqlite3's interface, and binaries for every platform in npm packages
    database: file,
    timeout: 5000,
    enableWAL,
    prepareDatabase: (database: { pragma(text: string): void }) => pragmas.forEach((text) => database.pragma(text)),
  });
  try {
    if (file === ":memory:") return await dataSource.initialize();
    createPrivately(file);
    await dataSource.initialize();
    makePrivate(file); // not before the file has proved to be a database: the path may name anything
    return dataSource;
  } catch (error) {
    const shown = looksLikePath(file) ? ` ${file}` : "";
    throw new Fault(`The database file${shown} cannot be opened`, { cause: error });
  }
}
