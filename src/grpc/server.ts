import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status as codes,
} from "@grpc/grpc-js";
import { HealthImplementation, type ServingStatus } from "grpc-health-check";
import { reflection } from "./reflection";
import type { Bound } from "./unary";

/** Above the limit of requests, so that a request over it gets an answer that says so. */
const receiveBytes = 4 * 1024 * 1024;
/** How long calls in flight may take to end, in milliseconds. */
const shutdownGrace = 10_000;

/** A gRPC server with health and reflection (v1 and v1alpha). */
export class GrpcServer {
  /** Calls of health and reflection that end when their client wants it, or never. */
  private readonly streams = new Set<ServerInterceptingCallInterface>();
  private readonly server: Server;
  private readonly health: HealthImplementation;
  private readonly names: string[];

  constructor(services: readonly Bound[]) {
    this.server = new Server({
      "grpc.max_receive_message_length": receiveBytes,
      interceptors: [tracking(this.streams)],
    });
    for (const { definition, implementation } of services) this.server.addService(definition, implementation);
    this.names = ["", ...services.map(({ definition }) => serviceName(definition))];
    this.health = new HealthImplementation();
    this.setServing(false);
    this.health.addToServer(this.server);
    reflection().addToServer(this.server);
  }

  /** Answers the port; throws when the address is taken. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  }

  setServing(serving: boolean): void {
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

/** Keeps the streams that are open in a set. */
function tracking(streams: Set<ServerInterceptingCallInterface>): ServerInterceptor {
  return ({ responseStream }, call) => {
    if (!responseStream) return new ServerInterceptingCall(call);
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
