import { type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream, constants } from "node:http2";
import type { Socket } from "node:net";
import { type ServiceError, status as codes } from "@grpc/grpc-js";
import { Refusal, refuse } from "../domain/errors";
import type { Connections } from "../connections/connections";
import { Exchange } from "./exchange";
import type { TransportHooks } from "./hooks";
import { RequestReader } from "./request-reader";
import { errorOf } from "./status";
import type { Arrival } from "./register-service";

/** Limits what peers take of the process. */
export interface TransportLimits {
  readonly connections: number;
  /** Bytes for requests in flight, unread responses, streams and connections together. */
  readonly bufferBytes: number;
  /** The time in milliseconds from the headers of a request to its end. */
  readonly requestTimeout: number;
  /** The number of requests on one stream of reflection. */
  readonly reflectionRequests: number;
}

export const defaultTransportLimits: TransportLimits = {
  connections: 1000,
  bufferBytes: 64 * 1024 * 1024,
  requestTimeout: 10_000,
  reflectionRequests: 1000,
};

/** The time in milliseconds after which a connection with too many streams may open another one. */
const openStreamRetry = 1000;

/** Limits for methods without credentials: bytes of a request, bytes of all requests of a stream, streams of a connection. */
const open = { requestBytes: 1024, streamBytes: 64 * 1024, streams: 16 };

/** Does not name the method: headers of a response wait for their peer uncounted. */
const unknownMethod = { code: codes.UNIMPLEMENTED, details: "The server has no such method" };

/** Receives connections, streams and requests of every peer, known or unknown, before grpc-js sees them. */
export class Transport implements TransportHooks {
  private readonly arrivals = new Map<string, Arrival>();
  private readonly reader: RequestReader;

  constructor(
    limits: TransportLimits,
    private readonly connections: Connections,
  ) {
    this.reader = new RequestReader(limits.requestTimeout);
  }

  /** Sets the functions that receive calls at their headers, by path. Calls of other paths are refused. */
  add(arrivals: Iterable<readonly [path: string, arrival: Arrival]>): void {
    for (const [path, arrival] of arrivals) this.arrivals.set(path, arrival);
  }

  /** Adds methods that need no credentials. */
  addOpen(
    methods: Iterable<{ readonly path: string; readonly requestStream: boolean; readonly responseStream: boolean }>,
  ) {
    for (const { path, requestStream, responseStream } of methods)
      this.arrivals.set(path, (exchange, reader, proceed) => {
        if (responseStream && !exchange.countOnConnection("openStreams", open.streams))
          return exchange.refuse(errorOf(refuse.overloaded("streams", openStreamRetry), exchange.requestId));
        if (requestStream) {
          exchange.passThrough(open.streamBytes);
          return proceed();
        }
        const goOn = () => {
          if (!exchange.closed) proceed(); // grpc-js does not report a call that ended before it began
        };
        return void reader.read(exchange, open.requestBytes).then(goOn, (error: unknown) => {
          if (error instanceof Refusal) exchange.refuse(errorOf(error, exchange.requestId));
        });
      });
  }

  onConnection(socket: Socket): void {
    this.connections.add(socket);
  }

  onSession(session: Http2Session): void {
    this.connections.begin(session);
  }

  onStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    proceed: (exchange: Exchange) => void,
  ): void {
    const connection = this.connections.of(stream.session);
    if (!connection) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    const exchange = new Exchange(stream, headers, connection);
    const isGrpc = headers["content-type"]?.startsWith("application/grpc");
    const arrival = isGrpc ? this.arrivals.get(headers[":path"] ?? "") : undefined;
    this.connections.intake.receive(connection, exchange, rawHeaders, () => {
      if (arrival) arrival(exchange, this.reader, () => proceed(exchange));
      else if (isGrpc) exchange.refuse(unknownMethod);
      else proceed(exchange);
    });
  }

  /** Returns the number of open connections, and the bytes that are counted for them. */
  load(): { readonly connections: number; readonly bytes: number } {
    return this.connections.load();
  }

  /** Ends the exchanges whose request is incomplete. */
  stopReading(status: Partial<ServiceError>): void {
    this.reader.close(status);
  }

  /** Resolves when no connection is open. */
  emptied(): Promise<void> {
    return this.connections.emptied();
  }

  /** Closes every connection immediately. */
  close(): void {
    this.connections.close();
  }
}
