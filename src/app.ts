import { createHash } from "node:crypto";
import type { Logger } from "pino";
import { ulid } from "ulid";
import { EnvironmentServiceService } from "../gen/orgroles/v1/environment_service";
import { PermissionServiceService } from "../gen/orgroles/v1/permission_service";
import { RoleServiceService } from "../gen/orgroles/v1/role_service";
import type { Config } from "./config";
import { EnvironmentService } from "./domain/environment-service";
import type { EnvironmentUid, PermissionId, RoleId } from "./domain/ids";
import { PermissionService } from "./domain/permission-service";
import { RoleConfigService } from "./domain/role-config-service";
import { RoleDeletionService } from "./domain/role-deletion-service";
import { RoleService } from "./domain/role-service";
import type { Tools } from "./domain/tools";
import { Transactions } from "./domain/transactions";
import { environmentHandlers } from "./grpc/environment-handlers";
import { permissionHandlers } from "./grpc/permission-handlers";
import { roleHandlers } from "./grpc/role-handlers";
import { GrpcServer } from "./grpc/server";
import { bind } from "./grpc/unary";
import { openDatabase } from "./persistence/data-source";
import { Database } from "./persistence/database";
import { Janitor } from "./persistence/janitor";
import { migrate, revert } from "./persistence/migrate";
import { TypeormUnitOfWork } from "./persistence/unit-of-work";

export interface App {
  /** HOST:PORT. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Puts everything together and serves. An embedded database must open; any other may be away: the service then answers
 * UNAVAILABLE and NOT_SERVING until it is there.
 */
export async function createApp(config: Config, log: Logger): Promise<App> {
  const database = new Database({
    url: config.database,
    poolSize: config.databasePoolSize,
    timeout: config.databaseTimeout,
    migrate: config.migrate,
    log,
    onAvailable: async () => {
      for (const id of config.environments) await environments.ensureEnvironment(id);
      server.setServing(true);
    },
    onLost: () => server.setServing(false),
  });
  const tools = createTools(config, database);
  const environments = new EnvironmentService(tools);
  const server = new GrpcServer([
    bind(
      RoleServiceService,
      roleHandlers(new RoleService(tools), new RoleConfigService(tools), new RoleDeletionService(tools)),
      log,
    ),
    bind(EnvironmentServiceService, environmentHandlers(environments), log),
    bind(PermissionServiceService, permissionHandlers(new PermissionService(tools)), log),
  ]);
  const janitor = new Janitor(database, Date.now, log);

  try {
    await database.start();
    const port = await server.listen(config.host, config.port);
    janitor.start();
    return {
      address: `${config.host}:${port}`,
      close: async () => {
        await server.close();
        await janitor.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Brings the schema up to date, or takes it back by one migration. */
export async function migrateDatabase(config: Config, direction: "up" | "down"): Promise<void> {
  const limits = { poolSize: 2, timeout: 600_000 };
  const dataSource = await openDatabase(config.database, limits);
  try {
    await (direction === "up" ? migrate(dataSource) : revert(dataSource));
  } finally {
    await dataSource.destroy();
  }
}

function createTools(config: Config, database: Database): Tools {
  return {
    transactions: new Transactions(new TypeormUnitOfWork(database), Date.now),
    clock: Date.now,
    ids: {
      role: () => `role_${ulid()}` as RoleId,
      permission: () => `perm_${ulid()}` as PermissionId,
      environment: () => ulid() as EnvironmentUid,
    },
    digest: (text) => createHash("sha256").update(text).digest("base64url").slice(0, 16),
    quotas: config.quotas,
  };
}
