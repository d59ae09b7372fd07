import { LRUCache } from "lru-cache";
import { createHash, randomFillSync } from "node:crypto";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { ulid } from "ulid";
import { AccessServiceService } from "../gen/orgroles/v1/access_service";
import { EnvironmentServiceService } from "../gen/orgroles/v1/environment_service";
import { MembershipServiceService } from "../gen/orgroles/v1/membership_service";
import { PermissionServiceService } from "../gen/orgroles/v1/permission_service";
import { RoleServiceService } from "../gen/orgroles/v1/role_service";
import { BlueprintService } from "./application/blueprints/blueprint-service";
import type { Dependencies } from "./application/dependencies";
import { ReferenceRewriter } from "./application/maintenance/reference-rewriter";
import type { Cache } from "./application/ports/cache";
import type { UnitOfWork } from "./application/ports/unit-of-work";
import { SnapshotCache } from "./application/reads/snapshot-cache";
import { type StateCache, noStateCache } from "./application/transactions/state-cache";
import { Transactions } from "./application/transactions/transactions";
import { createUseCases } from "./application/use-cases";
import { Authenticator } from "./auth/authenticator";
import { JwtVerifier } from "./auth/jwt";
import { Admission } from "./calls/admission";
import { CallRecords } from "./calls/call-records";
import {
  accessActions,
  environmentActions,
  membershipActions,
  permissionActions,
  roleActions,
} from "./calls/required-actions";
import type { Config } from "./config/config";
import { listenFailure } from "./display/listen-failure";
import { Fault } from "./domain/fault";
import type { Clock, EnvironmentUid, OrganizationUid, PermissionId, RoleId } from "./domain/ids";
import type { Quotas } from "./domain/limits";
import { accessHandlers } from "./grpc/access-handlers";
import type { Closing } from "./grpc/connections";
import { environmentHandlers } from "./grpc/environment-handlers";
import { logLibrary } from "./grpc/library-log";
import { membershipHandlers } from "./grpc/membership-handlers";
import { permissionHandlers } from "./grpc/permission-handlers";
import { roleHandlers } from "./grpc/role-handlers";
import { GrpcServer } from "./grpc/server";
import { Certificates } from "./grpc/tls";
import { type CallPipeline, type RegisteredService, registerService } from "./grpc/unary";
import { GarbageCollectorJob } from "./jobs/garbage-collector-job";
import { ReferenceRewriterJob } from "./jobs/reference-rewriter-job";
import { CountedLog } from "./observability/counted-log";
import { Metrics } from "./observability/metrics";
import { ProbeServer } from "./observability/probe-server";
import type { Tracing } from "./observability/traced-call";
import type { DatabaseAccess } from "./persistence/connection/database-access";
import { createDatabase } from "./persistence/connection/open-database";
import { withDatabase } from "./persistence/connection/with-database";
import { leasesOn } from "./persistence/lease";
import { type MigrationOptions, migrate } from "./persistence/migrations/migrate";
import { type StepBack, planStepBack, takeStepBack } from "./persistence/migrations/migrate-down";
import { type SchemaState, schemaState } from "./persistence/migrations/schema-state";
import { SqlGarbageStore } from "./persistence/stores/garbage-store";
import { TypeormUnitOfWork } from "./persistence/unit-of-work";

const { version } = require("#package") as { version: string };

/** An environment, or that there is none, or that the database is away. */
export type KnownEnvironment = { readonly id: string } | "none" | "unknown";

export type { MigrationOptions, StepBack };

export interface App {
  /** HOST:PORT. */
  readonly address: string;
  /** Of metrics and probes. */
  readonly metricsAddress: string | undefined;
  /** Why there is no database, if there was none when the app listened. */
  readonly databaseTrouble: string | undefined;
  /** Returns an environment that calls can go to. */
  environment(): Promise<KnownEnvironment>;
  /** Of this process. */
  readonly registry: Registry;
  close(): Promise<void>;
}

/** Milliseconds that the start waits for the first outcome of reaching the database. */
const firstLook = 5000;

/**
 * Puts everything together and serves. An embedded database must open; any other may be away: the service then answers
 * UNAVAILABLE and NOT_SERVING until it is there. `tracing` is closed with the rest; `onServing` is told of changes;
 * `signal` ends what it waits for before it serves, and a migration after the statement under way.
 */
export async function createApp(
  config: Config,
  log: Logger,
  {
    tracing,
    onServing,
    signal,
  }: { tracing?: Tracing | undefined; onServing?: (serving: boolean) => void; signal?: AbortSignal } = {},
): Promise<App> {
  logLibrary(log);
  const database = createDatabase(config.database, {
    poolSize: config.databasePoolSize,
    timeout: config.databaseTimeout,
    migrate: config.migrate,
    log,
    onAvailable: async () => {
      services.snapshots.clear();
      for (const id of config.environments) await services.environments.ensureEnvironment(id);
      setServing(true);
    },
    onLost: () => setServing(false),
    observe: tracing && ((system, sql, work) => tracing.statement(system, sql, work)),
  });
  const setServing = (serving: boolean) => {
    server.setServing(serving);
    onServing?.(serving);
  };
  const services = createServices(database, config.quotas, Date.now, config.cacheBytes);
  const admission = new Admission(config.admission);
  const metrics = new Metrics({
    version,
    admission: () => admission.load(),
    transport: () => ({ ...server.load(), limits: config.transport }),
    pool: () => database.pool(),
    cache: () => ({ ...services.snapshots.statistics(), limit: config.cacheBytes }),
    available: () => database.available(),
    serving: () => server.serving,
    count: () => records.flush(),
  });
  const records = new CallRecords(metrics, log);
  const overload = new CountedLog<"queue">((_, refused) =>
    log.warn({ code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED", refused }, "calls"),
  );
  const closings = new CountedLog<Closing>((limit, closed) => log.warn({ limit, closed }, "connections closed"));
  const passage: CallPipeline = {
    authenticator: new Authenticator(config.credentials, config.jwt && new JwtVerifier(config.jwt, log)),
    admission,
    log,
    trace: tracing && ((method, header) => tracing.call(method, header)),
    onEnd: (ended) => records.add(ended),
    onLoadShed: (method) => {
      metrics.shed(method);
      overload.add("queue");
    },
  };
  const certificates = config.tls && (await Certificates.open(config.tls, log));
  const server = new GrpcServer(bindAll(services, passage), {
    describesItself: config.reflection,
    certificates,
    limits: config.transport,
    onClosing: (reason) => {
      metrics.closed(reason);
      closings.add(reason);
    },
  });
  const probes = new ProbeServer(metrics.registry, () => server.serving);
  const createLease = leasesOn(database);
  const background = [
    new GarbageCollectorJob(new SqlGarbageStore(database), createLease, Date.now, log),
    new ReferenceRewriterJob(services.rewriter, createLease, log, metrics),
  ];
  const environment = async (): Promise<KnownEnvironment> => {
    if (config.environments[0]) return { id: config.environments[0] };
    return services.environments.listEnvironments({ pageSize: 1, pageToken: "" }).then(
      ({ items: [first] }) => (first ? { id: first.id } : "none"),
      () => "unknown",
    );
  };
  const close = async () => {
    const closed = server.close();
    admission.refusals.flush();
    await closed;
    records.flush();
    overload.flush();
    closings.flush();
    await Promise.all(background.map((work) => work.close()));
    await database.close();
    await probes.close();
    await tracing?.close();
    certificates?.close();
  };

  try {
    signal?.addEventListener("abort", () => database.stop());
    await database.start();
    const port = await server.listen(config.host, config.port).catch((error: unknown) => {
      throw listenFailure({ setting: "ORGROLES_ADDRESS", host: config.host, port: config.port }, error);
    });
    const probed = config.metrics && (await probes.listen(config.metrics.host, config.metrics.port));
    for (const work of background) work.start();
    return {
      address: `${config.host}:${port}`,
      metricsAddress: config.metrics && `${config.metrics.host}:${probed}`,
      databaseTrouble: await database.trouble(firstLook),
      environment,
      registry: metrics.registry,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function bindAll(services: Services, passage: CallPipeline): RegisteredService[] {
  const { roles, environments, permissions, memberships, groupRoles, access } = services;
  return [
    registerService(RoleServiceService, roleHandlers(roles), roleActions, passage),
    registerService(EnvironmentServiceService, environmentHandlers(environments), environmentActions, passage),
    registerService(PermissionServiceService, permissionHandlers(permissions), permissionActions, passage),
    registerService(MembershipServiceService, membershipHandlers(memberships, groupRoles), membershipActions, passage),
    registerService(AccessServiceService, accessHandlers(access), accessActions, passage),
  ];
}

/** Throws when the files that the configuration names cannot be used. */
export async function checkFiles({ tls }: Config): Promise<void> {
  if (tls) await Certificates.check(tls);
}

/** Brings the schema up to date; returns how it is then. */
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

/** Takes the schema back by one migration, once `confirm` has seen what that deletes and has not thrown. */
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

/** How many rows of members each environment has left to sweep. */
export function sweepProgress(config: Config): Promise<{ environmentId: string; left: number }[]> {
  return withServices(config, async ({ rewriter }) => {
    const requested = await rewriter.requested();
    return (await Promise.all(requested.map(({ uid }) => rewriter.progress(uid)))).flatMap((one) => one ?? []);
  });
}

/** The use cases on the database of a configuration, which must be up to date, for as long as the work takes. */
export function withServices<T>(config: Config, work: (services: Services) => Promise<T>): Promise<T> {
  return withDatabase(config.database, { poolSize: 1, mustExist: true }, async (dataSource) => {
    if ((await schemaState(dataSource)).pending.length)
      throw new Fault("The database is not up to date: run `orgroles migrate` first.");
    const access: DatabaseAccess = { use: (statements) => statements(dataSource), suspect: () => undefined };
    return work(createServices(access, config.quotas, Date.now));
  });
}

const randomness = Buffer.alloc(4096);
let spent = randomness.length;

/** From 0 to 1. An id asks sixteen times, and asking the system each time takes longer than a statement. */
function random(): number {
  if (spent === randomness.length) {
    randomFillSync(randomness);
    spent = 0;
  }
  const byte = randomness[spent] ?? 0;
  spent += 1;
  return byte / 256;
}

const newUlid = () => ulid(undefined, random);

const digest = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 16);

function memory<Value extends object>(maxSize: number): Cache<Value> {
  const cache = new LRUCache<string, Value>({ maxSize });
  return {
    get: (key) => cache.get(key),
    set: (key, value, size) => void cache.set(key, value, { size }),
    clear: () => cache.clear(),
    bytes: () => cache.calculatedSize,
  };
}

export type Services = ReturnType<typeof createServices>;

/** Every use case, on a database. */
export function createServices(database: DatabaseAccess, quotas: Quotas, clock: Clock, cacheBytes = 64 * 1024 * 1024) {
  const ids = {
    role: () => `role_${newUlid()}` as RoleId,
    permission: () => `perm_${newUlid()}` as PermissionId,
    environment: () => newUlid() as EnvironmentUid,
    organization: () => newUlid() as OrganizationUid,
  };
  const useCasesOn = (on: UnitOfWork, snapshots: SnapshotCache, known: StateCache) => {
    const transactions = new Transactions(on, clock, ids, known);
    const dependencies: Dependencies = { transactions, snapshots, clock, ids, digest, quotas };
    return createUseCases(dependencies);
  };
  const units = new TypeormUnitOfWork(database);
  const snapshots = new SnapshotCache(units, () => memory(cacheBytes / 2));
  return {
    ...useCasesOn(units, snapshots, snapshots),
    blueprints: new BlueprintService(units, (on) =>
      useCasesOn(on, new SnapshotCache(on, () => memory(1)), noStateCache),
    ),
    rewriter: new ReferenceRewriter(units, clock),
    snapshots,
  };
}
