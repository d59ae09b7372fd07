import { Code, ConnectError } from "@connectrpc/connect";
import { cancelled } from "../api/received-call";
import type { StreamContext } from "../calls/call-context";
import { type CallPipeline, performStream } from "../calls/pipeline";
import type { StreamRpc } from "../calls/rpc";
import { StreamEnded } from "../calls/watches";
import type { HttpExchange } from "./exchange";
import { HttpCall } from "./http-call";
import type { HttpMethod } from "./methods";
import type { Protocol } from "./protocols";

/** Milliseconds that a peer has to take the last message and the end of a stream. */
const patience = 10_000;

/** A call over HTTP whose response is a stream. One message is on its way at a time: a slow reader costs no more. */
export class HttpStreamCall extends HttpCall implements StreamContext {
  private readonly controller = new AbortController();
  private hasBegun = false;

  constructor(
    override readonly rpc: StreamRpc,
    handled: HttpMethod,
    pipeline: CallPipeline,
    exchange: HttpExchange,
    protocol: Protocol,
  ) {
    super(rpc, handled, pipeline, exchange, protocol);
  }

  override get signal(): AbortSignal {
    return this.controller.signal;
  }

  countOnConnection(most: number): boolean {
    return this.exchange.countWatch(most);
  }

  abort(reason: unknown): void {
    this.controller.abort(reason);
  }

  protected async respond(body: Buffer): Promise<void> {
    this.exchange.once("close", () => this.abort(cancelled));
    try {
      const request = await this.decodeBody(body);
      await performStream(this.pipeline, this, request, (message) => this.send(message));
    } catch (error) {
      if (!(error instanceof StreamEnded)) return this.fail(error);
      // the caller is to open another stream, and nothing has failed: the record of the call says so
      this.sendError(new ConnectError(error.message, Code.Unavailable));
      return this.end("OK");
    }
    this.finish();
    return this.end("OK");
  }

  protected override expire(): void {
    super.expire();
    this.abort(cancelled);
  }

  /** After the first message an error is at the end of the stream. */
  protected override sendError(error: ConnectError, headers: Readonly<Record<string, string>> = {}): void {
    if (this.hasBegun) this.finish(error);
    else super.sendError(error, headers);
  }

  /** Resolves when the peer has taken the message. Rejects with the reason of an abort before that. */
  private async send(message: unknown): Promise<void> {
    const { signal, exchange, protocol } = this;
    signal.throwIfAborted();
    const headers = { "cache-control": "no-store", "x-accel-buffering": "no" };
    if (!this.hasBegun) exchange.begin(200, { ...headers, "content-type": protocol.contentType });
    this.hasBegun = true;
    const bytes = await this.encode(message);
    signal.throwIfAborted();
    const written = exchange.write(protocol.frame(bytes));
    const done = new AbortController();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { signal: done.signal });
    });
    try {
      await Promise.race([written, aborted]);
    } finally {
      done.abort();
    }
  }

  private finish(error?: ConnectError): void {
    const { exchange, protocol } = this;
    if (!this.hasBegun) exchange.begin(200, { "content-type": protocol.contentType });
    this.hasBegun = true;
    exchange.end(protocol.end(this.requestId, error));
    // the end waits for a message that the peer may never take
    const cutOff = setTimeout(() => exchange.cut(), patience).unref();
    exchange.once("close", () => clearTimeout(cutOff));
  }
}
