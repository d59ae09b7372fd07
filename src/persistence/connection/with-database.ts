import type { DataSource } from "typeorm";
import { openDatabase } from "./open-database";
import type { DatabaseUrl } from "./database-url";
import { untilAborted } from "./until-aborted";

/** Milliseconds that a statement of a command may take: a migration may rewrite a large table. */
const statementTimeout = 600_000;

interface Options {
  readonly poolSize: number;
  /** Whether a missing file is an error. */
  readonly mustExist: boolean;
  /** Milliseconds for one statement. */
  readonly timeout?: number;
  /** Ends the waiting for the database. */
  readonly signal?: AbortSignal | undefined;
}

const close = (dataSource: DataSource) => dataSource.destroy();

/** Opens a database for a command, and closes it after the work. */
export async function withDatabase<T>(
  url: DatabaseUrl,
  { poolSize, mustExist, timeout = statementTimeout, signal = new AbortController().signal }: Options,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await untilAborted(openDatabase(url, { poolSize, timeout }, { mustExist }), signal, close);
  try {
    return await work(dataSource);
  } finally {
    await (signal.aborted ? untilAborted(close(dataSource), signal).catch(() => undefined) : close(dataSource));
  }
}
