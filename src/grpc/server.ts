import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerOptions,
  status as codes,
} from "@grpc/grpc-js";
import { HealthImplementation, type ServingStatus } from "grpc-health-check";
import { Fault } from "../domain/fault";
import { reflection } from "./reflection";
import type { Certificates } from "./tls";
import type { Bound } from "./unary";

const options: ServerOptions = {
  // above the limit of requests, so that a request over it gets an answer that says so
  "grpc.max_receive_message_length": 4 * 1024 * 1024,
  // room for a token of an issuer and a few headers of proxies; nobody needs more
  "grpc.max_metadata_size": 16 * 1024,
  // of one connection, as many as are at work at once by default: what is more waits in its client and costs nothing
  "grpc.max_concurrent_streams": 64,
  // nobody reads it, and it costs every call
  "grpc.enable_channelz": 0,
  // finds dead peers within a minute, and keeps the connection through proxies that drop idle ones
  "grpc.keepalive_time_ms": 40_000,
  "grpc.keepalive_timeout_ms": 20_000,
  // lets clients find new processes: they reconnect now and then, and finish what is in flight
  "grpc.max_connection_age_ms": 10 * 60_000,
  "grpc.max_connection_age_grace_ms": 60_000,
  "grpc.max_connection_idle_ms": 15 * 60_000,
};

/** How long calls in flight may take to end, in milliseconds. */
export const shutdownGrace = 10_000;

/** A gRPC server with health, and with reflection (v1 and v1alpha) unless it is switched off. */
export class GrpcServer {
  /** Calls of health and reflection that end when their client wants it, or never. */
  private readonly streams = new Set<ServerInterceptingCallInterface>();
  private readonly server: Server;
  private readonly health: HealthImplementation;
  private readonly names: string[];
  private readonly credentials: ServerCredentials;
  private isServing = false;

  constructor(
    services: readonly Bound[],
    { describesItself, certificates }: { describesItself: boolean; certificates: Certificates | undefined } = {
      describesItself: true,
      certificates: undefined,
    },
  ) {
    this.credentials = certificates?.credentials() ?? ServerCredentials.createInsecure();
    this.server = new Server({ ...options, interceptors: [tracking(this.streams)] });
    for (const { definition, implementation } of services) this.server.addService(definition, implementation);
    this.names = ["", ...services.map(({ definition }) => serviceName(definition))];
    this.health = new HealthImplementation();
    this.setServing(false);
    this.health.addToServer(this.server);
    if (describesItself) reflection().addToServer(this.server);
  }

  /** Answers the port; throws when the address is taken. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`${host}:${port}`, this.credentials, (error, bound) =>
        error ? reject(listenError(host, port, error)) : resolve(bound),
      );
    });
  }

  get serving(): boolean {
    return this.isServing;
  }

  setServing(serving: boolean): void {
    this.isServing = serving;
    const status: ServingStatus = serving ? "SERVING" : "NOT_SERVING";
    for (const name of this.names) this.health.setStatus(name, status);
  }

  /** Takes no more calls, ends streams, lets what is in flight end, and cuts it off when that takes ten seconds. */
  async close(): Promise<void> {
    this.setServing(false);
    for (const stream of this.streams)
      stream.sendStatus({ code: codes.UNAVAILABLE, details: "The server is stopping", metadata: new Metadata() });
    const cutOff = setTimeout(() => this.server.forceShutdown(), shutdownGrace);
    await new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    clearTimeout(cutOff);
  }
}

/** Returns the error of the system that grpc-js has put into a text. */
function listenError(host: string, port: number, { message }: Error): Error {
  const code = /\bE[A-Z]{3,}\b/.exec(message)?.[0];
  const address = host.replaceAll(/[[\]]/g, "");
  if (!code) return new Fault(`Cannot listen on ${host}:${port}`);
  return Object.assign(new Error(message), { code, syscall: "listen", address, port });
}

/** Keeps the streams that are open in a set. */
function tracking(streams: Set<ServerInterceptingCallInterface>): ServerInterceptor {
  return ({ responseStream }, call) => {
    if (!responseStream) return call as ServerInterceptingCall; // a call between costs every unary one a tenth
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

function serviceName(definition: Bound["definition"]): string {
  return Object.values(definition)[0]?.path.split("/")[1] ?? "";
}
