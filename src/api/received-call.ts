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

/** A call whose request arrives as bytes, from its headers to its status. Each transport has a class of its own. */
export abstract class ReceivedCall implements CallContext {
  caller: Caller | undefined;
  protected request: object = {};

  constructor(
    readonly rpc: RpcDescription,
    private readonly method: Method,
    protected readonly pipeline: CallPipeline,
  ) {}

  abstract readonly traced: TracedCall | undefined;
  abstract readonly requestId: string;
  abstract readonly source: CallSource;
  abstract readonly since: number;
  /** Whether the caller has cancelled, or its deadline has passed. */
  abstract readonly isCancelled: boolean;
  abstract header(name: string): string | undefined;
  abstract peerCertificate(): ReturnType<CallContext["peerCertificate"]>;
  /** Sets the listener for a cancellation. */
  abstract onCancel(listener: (() => void) | undefined): void;

  /** Drops the rest of the request. */
  protected abstract discard(): void;
  protected abstract sendRefusal(refusal: Refusal): void;
  protected abstract sendInternalError(): void;
  protected abstract sendCancelled(): void;

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
    this.discard();
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
