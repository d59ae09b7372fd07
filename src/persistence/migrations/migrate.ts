import { setTimeout as sleep } from "node:timers/promises";
import { type DataSource, MigrationExecutor } from "typeorm";
import { Fault } from "../../domain/fault";
import { StoredLease } from "../lease";
import { schemaState } from "./schema-state";
import { untilAborted } from "../connection/until-aborted";
import { ddl } from "../engines/ddl";
import { dialectOf } from "../engines/index";

export interface MigrationOptions {
  /**
   * Ends the waiting at once, and migrations after the current statement. The next run repeats the interrupted
   * migration from its beginning. The promise rejects with the reason.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called once, with a sentence, after a wait of `patience` for another process. */
  readonly onWait?: ((sentence: string) => void) | undefined;
  /** Milliseconds. The default exceeds the migrations of a small database. */
  readonly patience?: number | undefined;
}

/** Milliseconds between two attempts to take the lease. */
const pause = 100;

const waitSentence =
  "Another process is migrating the database: this one waits until that is done, and takes over when the other has" +
  " given no sign of life for 15 seconds";

/** Returns the names of the migrations that the database lacks. */
export const pendingMigrations = async (dataSource: DataSource): Promise<readonly string[]> =>
  (await schemaState(dataSource)).pending;

/** Brings the schema up to date. Of several processes one does it, and the others wait. */
export async function migrate(dataSource: DataSource, options: MigrationOptions = {}): Promise<void> {
  const { signal = new AbortController().signal } = options;
  const isPending = async () => (await untilAborted(pendingMigrations(dataSource), signal)).length > 0;
  if (!(await isPending())) return;
  await untilAborted(createLeases(dataSource), signal);
  await underLease(dataSource, options, async () => {
    if (!(await isPending())) return;
    await execute(dataSource, signal, (executor) => executor.executePendingMigrations());
  });
}

/**
 * Reverts the last migration, with the content of the tables that it created. Throws and changes nothing if the last
 * migration is not the given one.
 */
export async function revert(
  dataSource: DataSource,
  migration?: string,
  options: MigrationOptions = {},
): Promise<void> {
  const { signal = new AbortController().signal } = options;
  await untilAborted(createLeases(dataSource), signal);
  await underLease(dataSource, options, async () => {
    const { done, unknown } = await untilAborted(schemaState(dataSource), signal);
    const last = unknown.at(-1) ?? done.at(-1);
    if (migration !== undefined && migration !== last)
      throw new Fault(`Another process has changed the schema: ${migration} is not the last migration any more.`);
    await execute(dataSource, signal, (executor) => executor.undoLastMigration());
  });
}

/** Runs migrations. Once the signal has aborted, no statement begins except a rollback. */
async function execute(
  dataSource: DataSource,
  signal: AbortSignal,
  work: (executor: MigrationExecutor) => Promise<unknown>,
): Promise<void> {
  const runner = dataSource.createQueryRunner();
  const query = runner.query.bind(runner);
  runner.query = ((...parameters: Parameters<typeof query>) => {
    if (parameters[0] !== "ROLLBACK") signal.throwIfAborted();
    return query(...parameters);
  }) as typeof query;
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = dialectOf(dataSource).hasTransactionalDdl ? "each" : "none";
  try {
    await work(executor);
  } finally {
    runner.query = query; // SQLite has one runner for everything
    await runner.release();
  }
}

async function createLeases(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    const { ascii, integer, createTable } = ddl(runner);
    await createTable("leases", `name ${ascii(32)}`, `holder ${ascii(36)}`, `beat ${integer}`, "PRIMARY KEY (name)");
  } finally {
    await runner.release();
  }
}

async function underLease(
  dataSource: DataSource,
  { signal = new AbortController().signal, onWait, patience = 3000 }: MigrationOptions,
  work: () => Promise<void>,
): Promise<void> {
  const lease = new StoredLease((statements) => statements(dataSource.manager), "migrations");
  const take = () => untilAborted(lease.take(), signal, (isTaken) => isTaken && lease.release());
  for (let waited = 0; !(await take()); waited += pause) {
    if (waited === patience) onWait?.(waitSentence);
    await sleep(pause, undefined, { signal });
  }
  const beating = setInterval(() => void lease.beat().catch(() => undefined), 2000);
  try {
    await work();
  } finally {
    clearInterval(beating);
    await lease.release();
  }
}
