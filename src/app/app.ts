import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { Authenticator } from "../auth/authenticator";
import { JwtVerifier } from "../auth/jwt";
import { ownCall } from "../application/request/idempotency";
import { createApi } from "../api/api";
import { registerService } from "../grpc/register-service";
import { Admission } from "../calls/admission";
import { Watches } from "../calls/watches";
import type { Closing } from "../calls/closing";
import { Connections } from "../connections/connections";
import type { CallPipeline } from "../calls/pipeline";
import type { Config } from "../config/config";
import { listenFailure } from "../display/listen-failure";
import { logLibrary } from "../grpc/library-log";
import { GrpcServer } from "../grpc/server";
import { Certificates } from "../grpc/tls";
import { GarbageCollectorJob } from "../jobs/garbage-collector-job";
import { ReferenceRewriterJob } from "../jobs/reference-rewriter-job";
import { CallLog } from "../observability/call-log";
import { CountedLog } from "../observability/counted-log";
import { Metrics } from "../observability/metrics";
import { ProbeServer } from "../observability/probe-server";
import type { Tracing } from "../observability/spans";
import { createDatabase } from "../persistence/connection/open-database";
import { leasesOn } from "../persistence/lease";
import { SqlGarbageStore } from "../persistence/stores/garbage-store";
import { listenOverHttp, openHttp } from "./http";
import { createServices } from "./services";

const { version } = require("#package") as { version: string };

/** An environment; "none" if there is none; "unknown" while the database is unavailable. */
export type KnownEnvironment = { readonly id: string } | "none" | "unknown";

export interface App {
  /** The address that it listens on, as HOST:PORT. */
  readonly address: string;
  /** The address for HTTP, as HOST:PORT. */
  readonly httpAddress: string | undefined;
  /** The reason why it does not listen on the default address for HTTP. */
  readonly httpTrouble: string | undefined;
  /** The address of metrics and probes. */
  readonly metricsAddress: string | undefined;
  /** The reason why there was no database when the app began to listen. */
  readonly databaseTrouble: string | undefined;
  /** Returns an environment to call first. */
  environment(): Promise<KnownEnvironment>;
  /** The metrics of this process. */
  readonly registry: Registry;
  close(): Promise<void>;
}

/** The time in milliseconds that the start waits for the first attempt to reach the database. */
const firstLook = 5000;

/**
 * Creates everything that serves, in the order of dependencies, and listens. Throws if an embedded database cannot be opened.
 * Without a database server the service returns UNAVAILABLE, and NOT_SERVING, until the server is there. Closes `tracing`
 * with the rest. Reports changes to `onServing`. `signal` ends the start, and a migration after its current statement.
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
      services.eventLog.clear();
      services.workosIds.clear();
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
  const watches = new Watches(config.maxWatchers);
  const metrics = new Metrics({
    version,
    admission: () => admission.load(),
    watches: () => watches.load(),
    transport: () => ({ ...connections.load(), limits: config.transport }),
    pool: () => database.pool(),
    cache: () => ({ ...services.snapshots.statistics(), limit: config.cacheBytes }),
    available: () => database.available(),
    serving: () => server.serving,
    countCalls: () => records.flush(),
  });
  const records = new CallLog(metrics, log);
  const overload = new CountedLog<"queue">((_, refused) =>
    log.warn({ code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED", refused }, "calls"),
  );
  const closings = new CountedLog<Closing>((limit, closed) => log.warn({ limit, closed }, "connections closed"));
  const pipeline: CallPipeline = {
    authenticator: new Authenticator(config.credentials, config.jwt && new JwtVerifier(config.jwt, log)),
    admission,
    watches,
    log,
    trace: tracing && ((method, header) => tracing.call(method, header)),
    onEnd: (record) => records.add(record),
    onLoadShed: (method) => {
      metrics.countShedCall(method);
      overload.add("queue");
    },
  };
  const connections = new Connections(config.transport, (reason) => {
    metrics.countClosedConnection(reason);
    closings.add(reason);
  });
  const certificates = config.tls && (await Certificates.open(config.tls, log));
  const api = createApi(services);
  const registered = api.map(({ service, handlers, actions, reaches }) =>
    registerService(service, handlers, actions, pipeline, reaches),
  );
  const server = new GrpcServer(registered, {
    describesItself: config.reflection,
    certificates,
    limits: config.transport,
    connections,
  });
  const http =
    config.http &&
    (await openHttp(config, {
      services: api,
      useCases: services,
      pipeline,
      connections,
      tls: certificates,
      serving: () => server.serving,
    }));
  const probes = new ProbeServer(metrics.registry, () => server.serving);
  const createLease = leasesOn(database);
  const background = [
    new GarbageCollectorJob(
      new SqlGarbageStore(database),
      services.createRetention(config.eventRetentionDays),
      createLease,
      Date.now,
      log,
    ),
    new ReferenceRewriterJob(services.rewriter, createLease, log, metrics),
  ];
  const environment = async (): Promise<KnownEnvironment> => {
    if (config.environments[0]) return { id: config.environments[0] };
    return services.environments.listEnvironments({ pageSize: 1, pageToken: "" }, ownCall).then(
      ({ items: [first] }) => (first ? { id: first.id } : "none"),
      () => "unknown",
    );
  };
  const close = async () => {
    watches.close();
    const closed = Promise.all([server.close(), http?.close()]);
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
    const { httpAddress, httpTrouble } = await listenOverHttp(config.http, http);
    const probed = config.metrics && (await probes.listen(config.metrics.host, config.metrics.port));
    for (const work of background) work.start();
    return {
      address: `${config.host}:${port}`,
      httpAddress,
      httpTrouble,
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
