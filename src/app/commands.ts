import type { Config } from "../config/config";
import { Fault } from "../domain/fault";
import { Certificates } from "../grpc/tls";
import type { DatabaseAccess } from "../persistence/connection/database-access";
import { withDatabase } from "../persistence/connection/with-database";
import { type MigrationOptions, migrate } from "../persistence/migrations/migrate";
import { type StepBack, planStepBack, takeStepBack } from "../persistence/migrations/migrate-down";
import { type SchemaState, schemaState } from "../persistence/migrations/schema-state";
import { type Services, createServices } from "./services";

export type { MigrationOptions, StepBack };

/** Throws if the files that the configuration names cannot be used. */
export async function checkFiles({ tls }: Config): Promise<void> {
  if (tls) await Certificates.check(tls);
}

/** Brings the schema up to date, and returns its state after that. */
export function migrateUp(config: Config, options: MigrationOptions): Promise<SchemaState> {
  return withDatabase(
    config.database,
    { poolSize: 2, mustExist: false, signal: options.signal },
    async (dataSource) => {
      await migrate(dataSource, options);
      return schemaState(dataSource);
    },
  );
}

/** Takes the schema back by one migration, unless `confirm` throws when it gets what that deletes. */
export function migrateDown(
  config: Config,
  confirm: (step: StepBack) => Promise<void>,
  options: MigrationOptions,
): Promise<StepBack> {
  return withDatabase(config.database, { poolSize: 2, mustExist: true, signal: options.signal }, async (dataSource) => {
    const step = await planStepBack(dataSource);
    await confirm(step);
    await takeStepBack(dataSource, step, options);
    return step;
  });
}

/** Returns which migrations the database has. */
export const migrationStatus = ({ database, databaseTimeout }: Config): Promise<SchemaState> =>
  withDatabase(database, { poolSize: 1, mustExist: true, timeout: databaseTimeout }, schemaState);

/** Returns how many rows of members are left to rewrite in each environment that asks for it. */
export function sweepProgress(config: Config): Promise<{ environmentId: string; left: number }[]> {
  return withServices(config, async ({ rewriter }) => {
    const requested = await rewriter.listRequests();
    return (await Promise.all(requested.map(({ uid }) => rewriter.progress(uid)))).flatMap((one) => one ?? []);
  });
}

/** Runs work with the use cases on the database of a configuration. Throws if the schema is not up to date. */
export function withServices<T>(config: Config, work: (services: Services) => Promise<T>): Promise<T> {
  return withDatabase(config.database, { poolSize: 1, mustExist: true }, async (dataSource) => {
    if ((await schemaState(dataSource)).pending.length)
      throw new Fault("The database is not up to date: run `orgroles migrate` first.");
    const access: DatabaseAccess = { use: (statements) => statements(dataSource), suspect: () => undefined };
    return work(createServices(access, config.quotas, Date.now));
  });
}
