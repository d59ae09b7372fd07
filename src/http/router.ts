import type { FileRegistry } from "@bufbuild/protobuf";
import { isStreamRpc } from "../api/rpcs";
import { queueFull } from "../calls/admission";
import { type CallPipeline, shed } from "../calls/pipeline";
import { internalStatus, statusOf } from "../calls/status";
import { Refusal, refuse } from "../domain/errors";
import { connectErrorOf } from "./connect-error";
import type { HttpExchange } from "./exchange";
import { type Guard, sendPreflight } from "./guard";
import type { HttpMethod } from "./methods";
import type { Pages } from "./pages";
import { type Protocol, errorReply, protocolsOf } from "./protocols";
import type { BodyReader } from "./read-body";
import { retryAfterOf } from "./request-call";
import { HttpStreamCall } from "./stream-call";
import { HttpUnaryCall } from "./unary-call";

/** Serves paths beside those of the RPCs and the pages. */
export interface PathServer {
  /** Returns whether the path is one of its own. */
  owns(path: string): boolean;
  serve(exchange: HttpExchange, reader: BodyReader): void;
}

export interface RouterOptions {
  readonly registry: FileRegistry;
  readonly methods: ReadonlyMap<string, HttpMethod>;
  readonly pipeline: CallPipeline;
  readonly guard: Guard;
  readonly pages: Pages;
  readonly reader: BodyReader;
  readonly paths: PathServer | undefined;
}

const contentTypes = {
  unary: "must be application/json, application/proto, or application/grpc-web with +json or +proto",
  stream: "must be application/connect or application/grpc-web, each with +json or +proto",
};

/** Decides at the headers of a request who answers it. */
export class Router {
  private readonly protocolOf;

  constructor(private readonly options: RouterOptions) {
    this.protocolOf = protocolsOf(options.registry);
  }

  route(exchange: HttpExchange): void {
    const { guard, methods, paths, reader } = this.options;
    const refusal = guard.check(exchange);
    if (refusal) return this.refuse(exchange, refusal);
    if (exchange.request.method === "OPTIONS") return sendPreflight(exchange);
    const method = methods.get(exchange.path);
    if (method) return this.call(exchange, method);
    if (paths?.owns(exchange.path)) return paths.serve(exchange, reader);
    return void this.servePage(exchange);
  }

  private call(exchange: HttpExchange, handled: HttpMethod): void {
    const { pipeline, reader } = this.options;
    const { rpc } = handled;
    if (exchange.request.method !== "POST") return this.refuseMethod(exchange, "POST");
    const protocol = this.protocolOf(exchange.headers["content-type"] ?? "", rpc.isStream);
    if (!protocol) {
      const description = contentTypes[rpc.isStream ? "stream" : "unary"];
      return this.refuse(exchange, refuse.invalidFields([{ field: "content-type", description }]), 415);
    }
    if (pipeline.admission.full(exchange.connection)) return this.shed(exchange, handled, protocol);
    const call = isStreamRpc(rpc)
      ? new HttpStreamCall(rpc, handled, pipeline, exchange, protocol)
      : new HttpUnaryCall(rpc, handled, pipeline, exchange, protocol);
    return void call.run(reader);
  }

  private shed(exchange: HttpExchange, { rpc }: HttpMethod, protocol: Protocol): void {
    const { registry, pipeline } = this.options;
    shed(pipeline, exchange, rpc.path, () => {
      const error = connectErrorOf(statusOf(queueFull, exchange.requestId), registry);
      const { status, contentType, body } = protocol.fail(error, exchange.requestId);
      exchange.send(status, { "content-type": contentType, ...retryAfterOf(queueFull) }, body);
    });
  }

  private async servePage(exchange: HttpExchange): Promise<void> {
    const { pages, registry, pipeline } = this.options;
    const isRead = exchange.request.method === "GET" || exchange.request.method === "HEAD";
    try {
      if (isRead && (await pages.serve(exchange))) return;
      this.refuse(exchange, refuse.methodUnknown(), 404);
    } catch (error) {
      pipeline.log.error({ err: error, requestId: exchange.requestId }, "internal error");
      const { status, contentType, body } = errorReply(
        connectErrorOf(internalStatus(exchange.requestId), registry),
        registry,
      );
      exchange.send(status, { "content-type": contentType }, body);
    }
  }

  private refuseMethod(exchange: HttpExchange, allowed: string): void {
    exchange.commonHeaders["allow"] = allowed;
    this.refuse(exchange, refuse.invalidFields([{ field: "method", description: `must be ${allowed}` }]), 405);
  }

  /** Refuses a request of which no protocol is known. */
  private refuse(exchange: HttpExchange, refusal: Refusal, httpStatus?: number): void {
    const { registry } = this.options;
    const error = connectErrorOf(statusOf(refusal, exchange.requestId), registry);
    const { status, contentType, body } = errorReply(error, registry, httpStatus);
    exchange.send(status, { "content-type": contentType }, body);
  }
}
