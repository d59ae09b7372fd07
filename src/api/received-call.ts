import type { CallSignal } from "../application/ports/cancellation";
import type { CallSource } from "../calls/admission";
import type { CallContext } from "../calls/call-context";
import { type CallPipeline, authorOf, record } from "../calls/pipeline";
import type { RpcDescription } from "../calls/rpc";
import { type CodeName, codeNameOf } from "../calls/status";
import type { TracedCall } from "../calls/traced-call";
import type { Caller } from "../domain/authorization";
import { Refusal } from "../domain/errors";
import type { Author } from "../domain/event";
import { turn } from "../event-loop/time-slices";
import { decode, fingerprintOf } from "./decode";
import type { Method } from "./service";

/** Bytes of a request whose decoding takes as long as a slice of work. */
const largeRequest = 256 * 1024;

export const cancelled = new Error("The caller has cancelled the call");

/** A request and its response, as a transport has them. */
export interface CallExchange extends Pick<CallContext, "requestId" | "since"> {
  readonly connection: CallSource;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly peerCertificate: ReturnType<CallContext["peerCertificate"]>;
  /** Whether nobody waits for the response any more. */
  readonly closed: boolean;
  once(event: "close", listener: () => void): void;
  /** Drops the rest of the request. */
  discard(): void;
}

/** A call whose request arrives as bytes, from its headers to its status. Each transport has a class of its own. */
export abstract class ReceivedCall<Exchange extends CallExchange = CallExchange> implements CallContext {
  caller: Caller | undefined;
  readonly traced: TracedCall | undefined;
  protected request: object = {};
  /** Called when the caller cancels. */
  protected listener: (() => void) | undefined;
  private isListening = false;

  constructor(
    readonly rpc: RpcDescription,
    private readonly method: Method,
    protected readonly pipeline: CallPipeline,
    protected readonly exchange: Exchange,
  ) {
    this.traced = pipeline.trace?.(rpc.path, (name) => this.header(name));
  }

  protected abstract sendRefusal(refusal: Refusal): void;
  protected abstract sendInternalError(): void;
  protected abstract sendCancelled(): void;

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
    return typeof value === "object" ? value[0] : value;
  }

  peerCertificate(): ReturnType<CallContext["peerCertificate"]> {
    return this.exchange.peerCertificate;
  }

  /** Whether the caller has cancelled, or its deadline has passed. */
  get isCancelled(): boolean {
    return this.exchange.closed;
  }

  /** Sets the listener for a cancellation. Listens to the exchange only when needed: most calls end before that. */
  onCancel(listener: (() => void) | undefined): void {
    this.listener = listener;
    if (!listener || this.isListening) return;
    this.isListening = true;
    this.exchange.once("close", () => this.listener?.());
  }

  fingerprint(): string {
    return fingerprintOf(this.method, this.request, this.author);
  }

  earlierFingerprint(): string {
    return fingerprintOf(this.method, this.request);
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

  /** Sends an error at the pace of refusals, or nothing if the caller goes away before. */
  protected failInTurn(error: unknown): void {
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

  /** Sends an error and records the end of the call. */
  protected fail(error: unknown): void {
    const { requestId } = this;
    const { log } = this.pipeline;
    if (error instanceof Refusal) {
      const { cause } = error;
      if (cause !== undefined) log.debug({ err: cause, method: this.rpc.path, requestId }, "refused");
      this.sendRefusal(error);
      return this.end(codeNameOf(error), error.reason);
    }
    if (this.isCancelled) {
      this.sendCancelled();
      return this.end("CANCELLED");
    }
    log.error({ err: error, method: this.rpc.path, requestId }, "internal error");
    this.sendInternalError();
    return this.end("INTERNAL", "INTERNAL");
  }

  protected end(code: CodeName, reason?: string): void {
    record(this.pipeline, this, code, reason);
  }
}
