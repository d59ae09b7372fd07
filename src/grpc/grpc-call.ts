import { type ServiceError, status as codes } from "@grpc/grpc-js";
import type { PeerCertificate } from "node:tls";
import { decode, fingerprintOf } from "../api/decode";
import type { Method } from "../api/service";
import type { CallSignal } from "../application/ports/cancellation";
import type { CallSource } from "../calls/admission";
import type { CallContext } from "../calls/call-context";
import { type CallPipeline, authenticate, authorOf, count, record } from "../calls/pipeline";
import type { RpcDescription } from "../calls/rpc";
import type { CodeName } from "../calls/status";
import type { TracedCall } from "../calls/traced-call";
import type { Caller } from "../domain/authorization";
import { Refusal } from "../domain/errors";
import type { Author } from "../domain/event";
import { limits } from "../domain/limits";
import { turn } from "../event-loop/time-slices";
import type { Exchange } from "./exchange";
import type { RequestReader } from "./request-reader";
import { errorOf, internalError } from "./status";

/** Bytes of a request whose decoding takes as long as a slice of work. */
const largeRequest = 256 * 1024;

export const cancelled = new Error("The caller has cancelled the call");

/** A call over gRPC, from its headers to its status. */
export abstract class GrpcCall implements CallContext {
  readonly traced: TracedCall | undefined;
  caller: Caller | undefined;
  protected request: object = {};
  private isListening = false;
  private listener: (() => void) | undefined;

  constructor(
    readonly rpc: RpcDescription,
    private readonly method: Method,
    protected readonly pipeline: CallPipeline,
    protected readonly exchange: Exchange,
  ) {
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

  fingerprint(): string {
    return fingerprintOf(this.method, this.request, this.author);
  }

  earlierFingerprint(): string {
    return fingerprintOf(this.method, this.request);
  }

  /** Whether the caller has cancelled, or its deadline has passed. */
  get isCancelled(): boolean {
    return this.exchange.closed;
  }

  get author(): Author {
    return authorOf(this);
  }

  get organizations(): ReadonlySet<string> | undefined {
    return this.caller?.organizations;
  }

  get signal(): CallSignal {
    return this;
  }

  throwIfAborted(): void {
    if (this.isCancelled) throw cancelled;
  }

  /** Sets the listener for a cancellation. Listens to the exchange only when needed, because most calls end before that. */
  onCancel(listener: (() => void) | undefined): void {
    this.listener = listener;
    if (!listener || this.isListening) return;
    this.isListening = true;
    this.exchange.once("close", () => this.listener?.());
  }

  /** Sends an error at the pace of refusals, or nothing if the caller goes away before. */
  private failInTurn(error: unknown): void {
    const { refusals } = this.pipeline.admission;
    if (this.isCancelled) return this.end("CANCELLED");
    const failure = () => {
      this.onCancel(undefined);
      this.fail(error);
    };
    this.exchange.discard();
    this.onCancel(() => {
      if (refusals.cancel(failure)) this.end("CANCELLED");
    });
    refusals.run(failure);
  }

  /** Decodes a complete request. */
  protected async decodeRequest(bytes: Buffer): Promise<object> {
    this.request = decode(this.method, bytes);
    if (bytes.length > largeRequest) await turn();
    return this.request;
  }

  protected fail(error: unknown): void {
    const { requestId } = this;
    const { log } = this.pipeline;
    if (error instanceof Refusal) {
      const { cause } = error;
      if (cause !== undefined) log.debug({ err: cause, method: this.rpc.path, requestId }, "refused");
      return this.refuse(errorOf(error, requestId), error.reason);
    }
    if (this.isCancelled) return this.refuse({ code: codes.CANCELLED, details: cancelled.message });
    log.error({ err: error, method: this.rpc.path, requestId }, "internal error");
    this.refuse(internalError(requestId), "INTERNAL");
  }

  protected refuse(error: Partial<ServiceError>, reason?: string): void {
    this.sendError(error);
    this.end(codes[error.code ?? codes.UNKNOWN] as CodeName, reason);
  }

  protected sendError(error: Partial<ServiceError>): void {
    this.exchange.refuse(error);
  }

  protected end(code: CodeName, reason?: string): void {
    record(this.pipeline, this, code, reason);
  }
}
