import type { DataSource } from "typeorm";
import { openDatabase } from "./data-source";
import type { DatabaseUrl } from "./database-url";

/** Milliseconds that a statement of a command may take: a migration may rewrite a large table. */
const statementTimeout = 600_000;

/** Opens a database for a command, and closes it after the work. */
export async function withDatabase<T>(
  url: DatabaseUrl,
  { poolSize, mustExist, timeout = statementTimeout }: { poolSize: number; mustExist: boolean; timeout?: number },
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await openDatabase(url, { poolSize, timeout }, { mustExist });
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
