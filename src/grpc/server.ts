import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerOptions as GrpcServerOptions,
  status as codes,
} from "@grpc/grpc-js";
import type { HealthImplementation, ServingStatus } from "grpc-health-check";
import { limits } from "../domain/limits";
import { Connections } from "../connections/connections";
import { addHealth, healthMethods } from "./health";
import { hookInto } from "./hooks";
import { addReflection } from "./reflection";
import type { Certificates } from "./tls";
import { Transport, type TransportLimits, defaultTransportLimits } from "./transport";
import type { RegisteredService } from "./register-service";

export interface ServerOptions {
  readonly describesItself: boolean;
  readonly certificates: Certificates | undefined;
  readonly limits: TransportLimits;
  /** Counts the connections of this listener with those of others. Absent if it counts only its own. */
  readonly connections: Connections | undefined;
}

const defaults: ServerOptions = {
  describesItself: true,
  certificates: undefined,
  limits: defaultTransportLimits,
  connections: undefined,
};

const libraryOptions: GrpcServerOptions = {
  // requests are read before grpc-js gets them, within their limit
  "grpc.max_receive_message_length": limits.requestBytes,
  // the default of other gRPC servers: enough for a token of an issuer and a few headers of proxies
  "grpc.max_metadata_size": 8 * 1024,
  // about as many per connection as run at the same time by default: further calls wait in their client and cost nothing
  "grpc.max_concurrent_streams": 64,
  // unused, and it costs every call
  "grpc.enable_channelz": 0,
  // finds dead peers within a minute, and keeps connections open through proxies that drop idle ones
  "grpc.keepalive_time_ms": 40_000,
  "grpc.keepalive_timeout_ms": 20_000,
  // clients reconnect from time to time, finish what is in flight, and so find new processes
  "grpc.max_connection_age_ms": 10 * 60_000,
  "grpc.max_connection_age_grace_ms": 10 * 60_000, // a watch ends by itself within nine minutes
  "grpc.max_connection_idle_ms": 15 * 60_000,
};

/** The time in milliseconds that calls in flight have to end. */
export const shutdownGrace = 10_000;

const stopping = { code: codes.UNAVAILABLE, details: "The server is stopping" };

/** A gRPC server with the health service, and with reflection (v1 and v1alpha) unless reflection is off. */
export class GrpcServer {
  /** The open calls of health and reflection, which only their clients end. */
  private readonly streams = new Set<ServerInterceptingCallInterface>();
  private readonly server: Server;
  private readonly transport: Transport;
  private readonly health: HealthImplementation;
  private readonly names: string[];
  private readonly credentials: ServerCredentials;
  private isServing = false;

  constructor(services: readonly RegisteredService[], options: Partial<ServerOptions> = {}) {
    const { describesItself, certificates, limits: transportLimits, connections } = { ...defaults, ...options };
    this.credentials = certificates?.credentials() ?? ServerCredentials.createInsecure();
    this.server = new Server({ ...libraryOptions, interceptors: [tracking(this.streams)] });
    this.transport = new Transport(transportLimits, connections ?? new Connections(transportLimits));
    hookInto(this.server, this.transport);
    for (const { definition, implementation, arrivals } of services) {
      this.server.addService(definition, implementation);
      this.transport.add(arrivals);
    }
    this.names = ["", ...services.map(({ definition }) => serviceName(definition))];
    this.health = addHealth(this.server, this.names);
    this.setServing(false);
    this.transport.addOpen(healthMethods);
    if (describesItself)
      for (const definition of addReflection(this.server, transportLimits.reflectionRequests))
        this.transport.addOpen(Object.values(definition));
  }

  /** Listens, and returns the port. Throws if the address cannot be used. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`${host}:${port}`, this.credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  }

  /** Returns the number of connections and the bytes that are counted for peers. */
  load(): ReturnType<Transport["load"]> {
    return this.transport.load();
  }

  get serving(): boolean {
    return this.isServing;
  }

  setServing(serving: boolean): void {
    this.isServing = serving;
    const status: ServingStatus = serving ? "SERVING" : "NOT_SERVING";
    for (const name of this.names) this.health.setStatus(name, status);
  }

  /**
   * Accepts no more calls, ends streams and incomplete requests, lets calls in flight end, and closes all connections after
   * ten seconds.
   */
  async close(): Promise<void> {
    this.setServing(false);
    for (const stream of this.streams) stream.sendStatus({ ...stopping, metadata: new Metadata() });
    this.transport.stopReading(stopping);
    // not awaited: grpc-js never finishes if a connection was closing before, after a GOAWAY of its peer or at its greatest age
    this.server.tryShutdown(() => undefined);
    const cutOff = setTimeout(() => this.transport.close(), shutdownGrace);
    await this.transport.emptied();
    clearTimeout(cutOff);
    this.transport.close();
  }
}

/** Returns an interceptor that keeps a set of the open streams. */
function tracking(streams: Set<ServerInterceptingCallInterface>): ServerInterceptor {
  return ({ responseStream }, call) => {
    if (!responseStream) return call as ServerInterceptingCall; // one more interceptor would make every unary call a tenth slower
    streams.add(call);
    return new ServerInterceptingCall(call, {
      start: (next) => next({ onCancel: () => streams.delete(call) }),
      sendStatus: (status, next) => {
        streams.delete(call);
        next(status);
      },
    });
  };
}

function serviceName(definition: RegisteredService["definition"]): string {
  return Object.values(definition)[0]?.path.split("/")[1] ?? "";
}
