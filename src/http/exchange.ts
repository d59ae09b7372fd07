import type { IncomingMessage, ServerResponse } from "node:http";
import { type Http2ServerRequest, type Http2ServerResponse, constants } from "node:http2";
import { performance } from "node:perf_hooks";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { requestIdOf } from "../calls/request-id";
import { FrameCount } from "../connections/frame-count";
import type { Connection } from "../connections/connections";
import { peerCertificateOf } from "../connections/peer-certificate";

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** Bytes of a refused request that are read and dropped, so that its sender sees the response before the end. */
const droppedBytes = 4 * 1024 * 1024;

/** Bytes of a frame of HTTP/2 besides its data. */
const frameHeader = 9;

export type Headers = Readonly<Record<string, string>>;

/** Receives the body of a request. */
export interface BodyReceiver {
  data(chunk: Buffer): void;
  end(): void;
}

/** A request and its response over HTTP/1.1 or HTTP/2, with a count of the bytes that the process keeps for them. */
export class HttpExchange {
  readonly requestId: string;
  readonly since = performance.now();
  /** Headers that every response has, whatever it says. */
  readonly commonHeaders: Record<string, string>;
  private receiver: BodyReceiver | undefined;
  private readonly frames = new FrameCount();
  private readonly onClose: (() => void)[] = [];
  private kept = 0;
  private isClosed = false;

  constructor(
    readonly request: HttpRequest,
    readonly response: HttpResponse,
    readonly connection: Connection,
  ) {
    this.requestId = requestIdOf(request.headers["x-request-id"]);
    this.commonHeaders = { "x-request-id": this.requestId, "x-content-type-options": "nosniff" };
    connection.streamOpened();
    response.on("close", () => this.release()).on("error", () => undefined);
    request.on("error", () => undefined); // errors are followed by a close
  }

  /** Whether nobody waits for the response any more, because it is complete or the peer has gone. */
  get closed(): boolean {
    return this.isClosed;
  }

  get path(): string {
    return (this.request.url ?? "").split("?", 1)[0] ?? "";
  }

  get headers(): HttpRequest["headers"] {
    return this.request.headers;
  }

  /** Returns whether the peer can read a response in an encoding. */
  accepts(encoding: string): boolean {
    return (this.headers["accept-encoding"] ?? "").split(",").some((one) => one.trim() === encoding);
  }

  get peerCertificate(): PeerCertificate | undefined {
    return peerCertificateOf(this.request.socket as TLSSocket);
  }

  once(_: "close", listener: () => void): void {
    this.onClose.push(listener);
  }

  /** Counts bytes that the process keeps for this exchange until it closes. */
  keep(bytes: number): void {
    if (this.isClosed) return;
    this.kept += bytes;
    this.connection.keep(bytes);
  }

  /** Returns whether the connection may have one more watch, and counts the exchange as one. */
  countWatch(most: number): boolean {
    const { connection } = this;
    if (connection.watches >= most) return false;
    connection.watches += 1;
    this.onClose.push(() => (connection.watches -= 1));
    return true;
  }

  /** Sends the body of the request to a receiver from now on. */
  receive(receiver: BodyReceiver): void {
    const isFirst = !this.receiver;
    this.receiver = receiver;
    if (!isFirst) return;
    if (this.headers.expect !== undefined) this.response.writeContinue();
    this.request.on("data", (chunk: Buffer) => {
      this.connection.received(frameHeader + chunk.length);
      if (this.frames.add(chunk)) this.receiver?.data(chunk);
      else this.connection.close("frames");
    });
    this.request.on("end", () => this.receiver?.end());
  }

  /** Drops the rest of the request, and the connection if the peer sends much more of it. */
  discard(): void {
    if (!this.receiver && this.headers.expect !== undefined) return; // the peer waits, and sends nothing
    let left = droppedBytes;
    this.receive({
      data: (chunk) => {
        left -= chunk.length;
        if (left < 0) this.request.destroy();
      },
      end: () => undefined,
    });
  }

  /** Sends a whole response. */
  send(status: number, headers: Headers, body: Uint8Array): void {
    const length = status === 204 ? {} : { "content-length": String(body.length) };
    if (this.begin(status, { ...headers, ...length })) this.end(body);
  }

  /** Sends the status and the headers. Returns whether they could be sent. */
  begin(status: number, headers: Headers): boolean {
    const { response, request } = this;
    if (this.isClosed || response.headersSent) return false;
    response.writeHead(status, { ...this.commonHeaders, ...headers });
    if (!request.complete) {
      this.discard();
      // over HTTP/2 a peer could keep the stream open, and send its request for ever
      if ("stream" in response) response.once("finish", () => setImmediate(() => this.cut()));
    }
    return true;
  }

  /** Sends a part of the response. Resolves when the peer has taken it. Rejects if it never will. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(new Error("the peer has gone"));
      this.keep(bytes.length);
      const written = (error?: Error | null) => {
        this.keep(-bytes.length);
        if (error) reject(error);
        else resolve();
      };
      // both kinds of responses have this method, with parameters of their own
      return void (this.response as ServerResponse).write(bytes, written);
    });
  }

  /** Sends the rest of the response. */
  end(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.keep(bytes.length);
    (this.response as ServerResponse).end(bytes);
  }

  /** Closes the exchange at once, even if the peer has not taken the response. */
  cut(): void {
    const { response } = this;
    if ("stream" in response) response.stream.close(constants.NGHTTP2_NO_ERROR);
    else response.destroy();
  }

  /** Gives back what the exchange keeps: it is complete, or its peer has gone. */
  release(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.connection.streamClosed(this.kept);
    for (const listener of this.onClose) listener();
  }
}
