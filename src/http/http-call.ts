import type { ConnectError } from "@connectrpc/connect";
import type { CallPipeline } from "../calls/pipeline";
import type { RpcDescription } from "../calls/rpc";
import { internalStatus, statusOf } from "../calls/status";
import { type Encoding, inflate } from "../connections/inflate";
import { type Refusal, refuse } from "../domain/errors";
import { limits } from "../domain/limits";
import { connectErrorOf, deadlineExceeded } from "./connect-error";
import type { HttpExchange } from "./exchange";
import type { HttpMethod } from "./methods";
import type { Protocol } from "./protocols";
import { RequestCall, retryAfterOf } from "./request-call";

/** The encodings of requests, by their names in headers. */
const encodings: Readonly<Record<string, Encoding>> = { gzip: "gzip", br: "br" };

/** The longest time in milliseconds for which a timer can wait. */
const longestTimer = 2 ** 31 - 1;

/** A call of an RPC over HTTP, in any of its protocols. */
export abstract class HttpCall extends RequestCall {
  private hasExpired = false;

  constructor(
    rpc: RpcDescription,
    protected readonly handled: HttpMethod,
    pipeline: CallPipeline,
    exchange: HttpExchange,
    protected readonly protocol: Protocol,
  ) {
    super(rpc, handled.method, pipeline, exchange);
  }

  override get isCancelled(): boolean {
    return this.hasExpired || super.isCancelled;
  }

  /** Returns the decoded request of a complete body. */
  protected async decodeBody(body: Buffer): Promise<object> {
    const { bytes, encoding } = this.protocol.unpack(body, this.exchange.request.headers);
    const inflated = await this.inflated(bytes, encoding);
    return this.decodeRequest(await this.protocol.codec.decode(inflated, this.handled, this.exchange));
  }

  /** Returns a response in the form that the caller asked for. */
  protected async encode(response: unknown): Promise<Uint8Array> {
    const bytes = Buffer.isBuffer(response) ? response : this.handled.method.responseSerialize(response);
    return this.keeping(bytes, () => this.protocol.codec.encode(bytes, this.handled, this.exchange));
  }

  /** Counts bytes while something is made of them. */
  protected async keeping<T>({ length }: Uint8Array, work: () => T | Promise<T>): Promise<T> {
    this.exchange.keep(length);
    try {
      return await work();
    } finally {
      this.exchange.keep(-length);
    }
  }

  protected sendRefusal(refusal: Refusal): void {
    this.sendError(connectErrorOf(statusOf(refusal, this.requestId), this.handled.registry), retryAfterOf(refusal));
  }

  protected sendInternalError(): void {
    this.sendError(connectErrorOf(internalStatus(this.requestId), this.handled.registry));
  }

  /** Sends an error, unless a response has been sent. */
  protected sendError(error: ConnectError, headers: Readonly<Record<string, string>> = {}): void {
    const { status, contentType, body } = this.protocol.fail(error, this.requestId);
    this.exchange.send(status, { ...headers, "content-type": contentType }, body);
  }

  /** Ends the call for its caller, whose time has passed. */
  protected expire(): void {
    this.hasExpired = true;
    this.sendError(deadlineExceeded());
    this.listener?.();
  }

  protected override begin(): void {
    const { exchange, protocol } = this;
    const timeout = protocol.timeoutOf(exchange.request.headers);
    if (timeout === undefined || timeout > longestTimer) return;
    const timer = setTimeout(() => this.expire(), timeout);
    exchange.once("close", () => clearTimeout(timer));
  }

  protected override get mostBytes(): number {
    return super.mostBytes + this.protocol.overhead;
  }

  private async inflated(bytes: Buffer, name: string | undefined): Promise<Buffer> {
    if (name === undefined || name === "identity") return bytes;
    const encoding = encodings[name];
    if (!encoding) {
      const description = `must be compressed with ${Object.keys(encodings).join(" or ")}, or not at all`;
      throw refuse.invalidFields([{ field: "request", description }]);
    }
    const inflated = await inflate(this.exchange, encoding, bytes, limits.requestBytes);
    this.exchange.keep(inflated.length);
    return inflated;
  }
}
