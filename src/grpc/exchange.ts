import type { ServiceError } from "@grpc/grpc-js";
import {
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
  constants,
} from "node:http2";
import { performance } from "node:perf_hooks";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { requestIdOf } from "../calls/request-id";
import type { Connection } from "../connections/connections";
import { FrameCount } from "../connections/frame-count";
import { peerCertificateOf } from "../connections/peer-certificate";
import { Passing } from "./passing";
import type { Receiver } from "./receiver";

/** Size in bytes from which a response is counted until the peer has taken it. */
const countedResponse = 1024;

type Listener = (...values: any[]) => void;

const exchangeKey = Symbol("exchange");
type OwnStream = ServerHttp2Stream & { [exchangeKey]: Exchange };

// shared by all streams: creating a closure for each event of each call takes longer than running it
const ignore = () => undefined;

/** Bytes of a frame besides its data. */
const frameHeader = 9;

function onData(this: OwnStream, frame: Buffer): void {
  this[exchangeKey].connection.received(frameHeader + frame.length);
  this[exchangeKey].receiver?.data(frame);
}

function onEnd(this: OwnStream): void {
  this[exchangeKey].receiver?.end();
}

function onClose(this: OwnStream): void {
  this[exchangeKey].release();
}

/** Returns a receiver that drops a request, and closes the connection if the frames are smaller than any client sends. */
function dropping(connection: Connection): Receiver {
  const frames = new FrameCount();
  return {
    data: (frame) => {
      if (!frames.add(frame)) connection.close("frames");
    },
    end: ignore,
    close: ignore,
  };
}

/**
 * A request and its response, which grpc-js gets in place of the HTTP/2 stream. An exchange passes on a complete request,
 * counts the bytes of the response that the peer has not read yet, puts the call's id into every trailer, and closes the
 * stream after the response, even if the peer has not ended its request.
 */
export class Exchange {
  readonly requestId: string;
  /** The call that the request belongs to. It is set at the headers, and read by the handler that grpc-js calls. */
  call: unknown;
  readonly since = performance.now();
  /** The receiver of the request. */
  receiver: Receiver | undefined;
  private request: Buffer | undefined;
  private onData: (bytes: Buffer) => void = ignore;
  private onEnd: () => void = ignore;
  private readonly onClose: (() => void)[] = [];
  private kept = 0;
  private isReleased = false;
  private passing: Passing | undefined;

  constructor(
    readonly stream: ServerHttp2Stream,
    readonly headers: IncomingHttpHeaders,
    readonly connection: Connection,
  ) {
    this.requestId = requestIdOf(headers["x-request-id"]);
    connection.streamOpened();
    (stream as OwnStream)[exchangeKey] = this;
    stream.on("error", ignore).on("close", onClose);
  }

  get peerCertificate(): PeerCertificate | undefined {
    return peerCertificateOf(this.stream.session?.socket as TLSSocket | undefined);
  }

  /** Counts bytes that the process keeps for this exchange until the stream closes. */
  keep(bytes: number): void {
    if (this.isReleased) return; // an unsent response ends after its stream
    this.kept += bytes;
    this.connection.keep(bytes);
  }

  /** Sends the request to a receiver from now on. */
  receive(receiver: Receiver): void {
    this.receiver = receiver;
    this.stream.on("data", onData).on("end", onEnd);
  }

  /** Drops the rest of the request, which Node would keep uncounted if nobody read it. */
  discard(): void {
    if (!this.receiver) this.receive(dropping(this.connection));
  }

  /** Sets the complete request, which grpc-js gets when it begins to read. */
  complete(request: Buffer): void {
    this.request = request;
  }

  /** Ends the exchange with an error, unless its response has begun. */
  refuse({ code, details = "", metadata }: Partial<ServiceError>): void {
    const headers = {
      ":status": 200,
      "content-type": "application/grpc+proto",
      "grpc-status": code,
      "grpc-message": encodeURI(details),
      ...metadata?.toHttp2Headers(),
    };
    this.respond(headers, { endStream: true });
  }

  /** Returns whether the connection may have one more long stream of a kind, and counts the exchange as one. */
  countOnConnection(kind: "openStreams" | "watches", most: number): boolean {
    const { connection } = this;
    if (connection[kind] >= most) return false;
    connection[kind] += 1;
    this.onClose.push(() => (connection[kind] -= 1));
    return true;
  }

  /** Passes requests on as they arrive, up to a number of bytes in all. For streams of several requests. */
  passThrough(most: number): void {
    const encoding = this.headers["grpc-encoding"];
    // grpc-js would inflate all messages of a frame at once; with this encoding it rejects compressed messages
    if (encoding !== undefined) this.headers["grpc-encoding"] = `${String(encoding)} on a stream`;
    const passing = new Passing(this, most, { data: (frame) => this.onData(frame), end: () => this.onEnd() });
    this.passing = passing;
    this.receive(passing);
  }

  /** Releases what the exchange keeps, when the stream closes. */
  release(): void {
    this.isReleased = true;
    this.connection.streamClosed(this.kept);
    this.receiver?.close();
    for (const listener of this.onClose) listener();
  }

  // the members of a stream that grpc-js uses

  get session() {
    return this.stream.session;
  }

  get destroyed(): boolean {
    return this.stream.destroyed;
  }

  get closed(): boolean {
    return this.stream.closed || this.stream.destroyed;
  }

  get rstCode(): number | undefined {
    return this.stream.rstCode;
  }

  on(event: string, listener: Listener): void {
    if (event === "data") this.onData = listener;
    else if (event === "end") this.onEnd = listener;
    else this.stream.on(event, listener);
  }

  once(event: string, listener: Listener): void {
    if (event === "close") this.onClose.push(listener);
    else if (event !== "error") this.stream.once(event, listener); // errors are followed by a close
  }

  pause(): void {
    this.passing?.pause();
  }

  resume(): void {
    const { request } = this;
    this.passing?.resume();
    if (!request) return;
    this.request = undefined;
    if (request.length) this.onData(request);
    this.onEnd();
  }

  respond(headers: OutgoingHttpHeaders, options: ServerStreamResponseOptions = {}): void {
    if (this.stream.closed || this.stream.headersSent) return;
    if (!options.endStream) return this.stream.respond(headers, options);
    this.stream.respond({ "x-request-id": this.requestId, ...headers }, options);
    this.stream.close(constants.NGHTTP2_NO_ERROR);
  }

  write(bytes: Buffer, written: (error?: Error | null) => void): boolean {
    if (bytes.length < countedResponse) return this.stream.write(bytes, written);
    this.keep(bytes.length);
    return this.stream.write(bytes, (error) => {
      this.keep(-bytes.length);
      written(error);
    });
  }

  end(): void {
    this.stream.end();
  }

  sendTrailers(trailers: OutgoingHttpHeaders): void {
    this.stream.sendTrailers({ "x-request-id": this.requestId, ...trailers });
    if (this.passing) setImmediate(() => this.stream.close(constants.NGHTTP2_NO_ERROR)); // after the trailers
  }
}
