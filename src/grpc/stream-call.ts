import { constants } from "node:http2";
import { Metadata, type ServerWritableStream, type ServiceError, status as codes } from "@grpc/grpc-js";
import { cancelled } from "../api/received-call";
import type { Method } from "../api/service";
import type { StreamContext } from "../calls/call-context";
import { type CallPipeline, performStream } from "../calls/pipeline";
import type { StreamRpc } from "../calls/rpc";
import { StreamEnded } from "../calls/watches";
import type { Exchange } from "./exchange";
import { GrpcCall } from "./grpc-call";

/** Milliseconds that a peer has to take the last message before the error. */
const patience = 10_000;

/** The stream to which grpc-js writes messages. */
export type MessageStream = ServerWritableStream<Buffer, unknown>;

/** A call over gRPC whose response is a stream. One message is on its way at a time: a slow reader costs no more. */
export class StreamCall extends GrpcCall implements StreamContext {
  private readonly controller = new AbortController();
  private stream: MessageStream | undefined;

  constructor(
    override readonly rpc: StreamRpc,
    method: Method,
    pipeline: CallPipeline,
    exchange: Exchange,
  ) {
    super(rpc, method, pipeline, exchange);
  }

  override get signal(): AbortSignal {
    return this.controller.signal;
  }

  countOnConnection(most: number): boolean {
    return this.exchange.countOnConnection("watches", most);
  }

  abort(reason: unknown): void {
    this.controller.abort(reason);
  }

  /** Decodes a complete request, and sends messages until the stream ends. */
  async respond(stream: MessageStream): Promise<void> {
    this.stream = stream;
    this.exchange.once("close", () => this.abort(cancelled));
    try {
      const request = await this.decodeRequest(stream.request);
      await performStream(this.pipeline, this, request, (message) => this.send(stream, message));
    } catch (error) {
      if (!(error instanceof StreamEnded)) return this.fail(error);
      // the caller is to open another stream, and nothing has failed: the record of the call says so
      this.sendError({ code: codes.UNAVAILABLE, details: error.message, metadata: new Metadata() });
      return this.end("OK");
    }
    stream.end();
    this.end("OK");
  }

  /** Resolves when the peer has taken the message. Rejects with the reason of an abort before that. */
  private send(stream: MessageStream, message: unknown): Promise<void> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason as Error);
      const done = (error?: Error | null) => {
        signal.removeEventListener("abort", onAbort);
        if (error) reject(error);
        else resolve();
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort);
      stream.write(message, done);
    });
  }

  /** After the first message the status is in the trailers, which grpc-js sends. */
  protected override sendError(error: Partial<ServiceError>): void {
    if (!this.exchange.stream.headersSent) return super.sendError(error);
    this.stream?.emit("error", error);
    // the trailers wait for a message that the peer may never take
    const cutOff = setTimeout(() => this.exchange.stream.close(constants.NGHTTP2_CANCEL), patience).unref();
    this.exchange.once("close", () => clearTimeout(cutOff));
  }
}
