import type { MethodDefinition, ServiceDefinition, handleServerStreamingCall, handleUnaryCall } from "@grpc/grpc-js";
import type { Reaches, RequiredActions } from "../api/required-actions";
import { isStreamRpc, rpcsOf } from "../api/rpcs";
import type { Handlers, Method, Service } from "../api/service";
import { queueFull } from "../calls/admission";
import { type CallPipeline, shed } from "../calls/pipeline";
import type { Rpc, RpcDescription, StreamRpc } from "../calls/rpc";
import type { Exchange } from "./exchange";
import { exchangeOf } from "./hooks";
import type { RequestReader } from "./request-reader";
import { errorOf } from "./status";
import { StreamCall } from "./stream-call";
import { UnaryCall } from "./unary-call";

/** A service as the server registers it. */
export interface RegisteredService {
  readonly definition: ServiceDefinition;
  readonly implementation: Record<
    string,
    handleUnaryCall<Buffer, unknown> | handleServerStreamingCall<Buffer, unknown>
  >;
  /** The functions that receive calls at their headers, by the path of the call. */
  readonly arrivals: ReadonlyMap<string, Arrival>;
}

/** Receives a call at its headers. `proceed` has grpc-js call the implementation. */
export type Arrival = (exchange: Exchange, reader: RequestReader, proceed: () => void) => void;

/**
 * Registers handlers for a service. The bytes of requests are decoded by UnaryCall rather than by grpc-js, which returns
 * INTERNAL for bytes that cannot be decoded.
 */
export function registerService<S extends Service>(
  service: S,
  handlers: Handlers<S>,
  actions: RequiredActions<S>,
  pipeline: CallPipeline,
  reaches: Reaches<S> = {},
): RegisteredService {
  const definition: Record<string, MethodDefinition<Buffer, unknown>> = {};
  const implementation: RegisteredService["implementation"] = {};
  const arrivals = new Map<string, Arrival>();
  for (const { name, method, rpc } of rpcsOf({ service, handlers, actions, reaches })) {
    definition[name] = {
      ...method,
      requestSerialize: (request) => request,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (response) => (Buffer.isBuffer(response) ? response : method.responseSerialize(response)),
    };
    const createCall = isStreamRpc(rpc) ? newStreamCall(rpc, method, pipeline) : newUnaryCall(rpc, method, pipeline);
    arrivals.set(method.path, (exchange, reader, proceed) => {
      if (pipeline.admission.full(exchange.connection)) return shedUnread(pipeline, rpc, exchange);
      const call = createCall(exchange);
      exchange.call = call;
      void call.arrive(reader, proceed);
    });
    implementation[name] = method.responseStream ? respondWithStream : respond;
  }
  return { definition, implementation, arrivals };
}

function shedUnread(pipeline: CallPipeline, { path }: RpcDescription, exchange: Exchange): void {
  exchange.discard();
  shed(pipeline, exchange, path, () => exchange.refuse(errorOf(queueFull, exchange.requestId)));
}

const newUnaryCall = (rpc: Rpc, method: Method, pipeline: CallPipeline) => (exchange: Exchange) =>
  new UnaryCall(rpc, method, pipeline, exchange);

const newStreamCall = (rpc: StreamRpc, method: Method, pipeline: CallPipeline) => (exchange: Exchange) =>
  new StreamCall(rpc, method, pipeline, exchange);

const respond: handleUnaryCall<Buffer, unknown> = (call, send) =>
  void (exchangeOf(call).call as UnaryCall).respond(call.request, send);

const respondWithStream: handleServerStreamingCall<Buffer, unknown> = (stream) =>
  void (exchangeOf(stream).call as StreamCall).respond(stream);
