import type { Http2Server, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Server, ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import type { Exchange } from "./exchange";

/** Receives connections and streams before grpc-js does. */
export interface TransportHooks {
  onConnection(socket: Socket): void;
  onSession(session: Http2Session): void;
  /** `proceed` has grpc-js handle the exchange. */
  onStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    proceed: (exchange: Exchange) => void,
  ): void;
}

interface Internals {
  createHttp2Server(...values: unknown[]): Http2Server;
}

/**
 * Installs hooks in front of grpc-js, which has none: interceptors of grpc-js start after it has begun to read, and do not
 * see connections. Throws if the internals of this version of grpc-js are different.
 */
export function hookInto(server: Server, hooks: TransportHooks): void {
  const internals = server as unknown as Internals;
  const create = internals.createHttp2Server.bind(server);
  internals.createHttp2Server = (...values) => {
    const http2Server = create(...values);
    const [handle, ...others] = http2Server.listeners("stream");
    if (!handle || others.length) throw new Error("grpc-js handles streams in a way that is not known here");
    http2Server.removeAllListeners("stream");
    const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _: number, rawHeaders: string[]) =>
      hooks.onStream(stream, headers, rawHeaders, (exchange) => handle.call(http2Server, exchange, exchange.headers));
    http2Server.on("stream", onStream as (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void);
    http2Server.prependListener("connection", (socket: Socket) => hooks.onConnection(socket));
    http2Server.prependListener("session", (session) => hooks.onSession(session));
    return http2Server;
  };
}

/** A call of grpc-js, or an interceptor around one. */
interface InnerCall {
  readonly stream?: Exchange;
  readonly nextCall?: InnerCall;
}

/** Returns the exchange that grpc-js was given for a call. Throws if the internals of grpc-js are different. */
export function exchangeOf(call: ServerUnaryCall<Buffer, unknown> | ServerWritableStream<Buffer, unknown>): Exchange {
  let inner = (call as unknown as { readonly call?: InnerCall }).call;
  while (inner && !inner.stream) inner = inner.nextCall; // streams have an interceptor
  if (!inner?.stream) throw new Error("grpc-js keeps calls in a way that is not known here");
  return inner.stream;
}
