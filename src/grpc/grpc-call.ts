import { type ServiceError, status as codes } from "@grpc/grpc-js";
import type { PeerCertificate } from "node:tls";
import { ReceivedCall, cancelled } from "../api/received-call";
import type { Method } from "../api/service";
import type { CallSource } from "../calls/admission";
import { type CallPipeline, authenticate, count } from "../calls/pipeline";
import type { RpcDescription } from "../calls/rpc";
import type { TracedCall } from "../calls/traced-call";
import type { Refusal } from "../domain/errors";
import { limits } from "../domain/limits";
import type { Exchange } from "./exchange";
import type { RequestReader } from "./request-reader";
import { errorOf, internalError } from "./status";

/** A call over gRPC, from its headers to its status. */
export abstract class GrpcCall extends ReceivedCall {
  readonly traced: TracedCall | undefined;
  private isListening = false;
  private listener: (() => void) | undefined;

  constructor(
    rpc: RpcDescription,
    method: Method,
    pipeline: CallPipeline,
    protected readonly exchange: Exchange,
  ) {
    super(rpc, method, pipeline);
    this.traced = pipeline.trace?.(rpc.path, (name) => this.header(name));
  }

  /** Identifies the caller, counts the call, and reads the request; then grpc-js goes on. */
  async arrive(reader: RequestReader, proceed: () => void): Promise<void> {
    const { exchange, pipeline } = this;
    try {
      const identified = authenticate(pipeline, this);
      // bytes that the peer sends meanwhile are counted only while they are read
      const reading = identified && reader.read(exchange, limits.requestBytes);
      reading?.catch(() => undefined);
      if (identified) await identified;
      const counted = count(pipeline, this);
      if (counted) await counted;
      exchange.connection.trusted = true;
      await (reading ?? reader.read(exchange, limits.requestBytes));
    } catch (error) {
      return this.failInTurn(error);
    }
    if (this.isCancelled) return this.end("CANCELLED");
    proceed();
  }

  get requestId(): string {
    return this.exchange.requestId;
  }

  get source(): CallSource {
    return this.exchange.connection;
  }

  get since(): number {
    return this.exchange.since;
  }

  header(name: string): string | undefined {
    const value = this.exchange.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  peerCertificate(): PeerCertificate | undefined {
    return this.exchange.peerCertificate;
  }

  get isCancelled(): boolean {
    return this.exchange.closed;
  }

  /** Listens to the exchange only when needed, because most calls end before that. */
  onCancel(listener: (() => void) | undefined): void {
    this.listener = listener;
    if (!listener || this.isListening) return;
    this.isListening = true;
    this.exchange.once("close", () => this.listener?.());
  }

  protected discard(): void {
    this.exchange.discard();
  }

  protected sendRefusal(refusal: Refusal): void {
    this.sendError(errorOf(refusal, this.requestId));
  }

  protected sendInternalError(): void {
    this.sendError(internalError(this.requestId));
  }

  protected sendCancelled(): void {
    this.sendError({ code: codes.CANCELLED, details: cancelled.message });
  }

  protected sendError(error: Partial<ServiceError>): void {
    this.exchange.refuse(error);
  }
}
