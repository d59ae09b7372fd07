import { type Server, createServer } from "node:http";
import { type Http2Session, type Http2SecureServer, createSecureServer } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Connection, Connections } from "../connections/connections";
import { limitPipelining } from "./pipelining";
import { HttpExchange, type HttpRequest, type HttpResponse } from "./exchange";

/** Certificates, which may change while the server runs. */
export interface TlsSource {
  /** `ca` is the authority of client certificates, if clients may have one. */
  current(): { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined };
  onChange(listener: () => void): void;
}

export interface HttpServerOptions {
  readonly connections: Connections;
  readonly tls: TlsSource | undefined;
  /** The time in milliseconds from the headers of a request to its end. */
  readonly requestTimeout: number;
  readonly route: (exchange: HttpExchange) => void;
}

/** As for gRPC: enough for a token of an issuer and a few headers of proxies. */
const headerBytes = 8 * 1024;
/** Requests that a connection may have open at the same time, over HTTP/1.1 too: as many as for gRPC. */
const streams = 64;

/** Milliseconds, longer than proxies keep an idle connection: the side that closes should not be the one that is called. */
const idleTimeout = 75_000;
/** Milliseconds without a byte in either direction after which a connection ends, even if a response waits for its peer. */
const silence = 90_000;
/** Milliseconds from the begin of a request to the end of its headers. */
const headersTimeout = 10_000;
/** Milliseconds after which Node ends a request that the server itself has not ended. */
const lastResort = 5000;

/** The time in milliseconds that calls in flight have to end. */
const shutdownGrace = 10_000;

/** Serves HTTP/1.1, and with TLS also HTTP/2. */
export class HttpServer {
  private readonly server: Server | Http2SecureServer;
  private readonly sessions = new Set<Http2Session>();
  /** The connections of this listener, with their open requests. */
  private readonly mine = new Map<Connection, Set<HttpExchange>>();
  private openRequests = 0;
  private isClosing = false;
  private onIdle: () => void = () => undefined;

  constructor(private readonly options: HttpServerOptions) {
    const { tls, connections } = options;
    this.server = tls ? this.secure(tls) : createServer(this.limits());
    this.server.on("connection", (socket: Socket) => {
      const connection = connections.add(socket);
      const open = new Set<HttpExchange>();
      this.mine.set(connection, open);
      socket.once("close", () => {
        this.mine.delete(connection);
        // Node does not report this to a response that waits for others of its connection
        for (const exchange of open) exchange.release();
      });
    });
    this.server.on(tls ? "secureConnection" : "connection", (socket: Socket) => this.limitRequests(socket));
    this.server.setTimeout(silence);
    this.server.on("timeout", (silent: Http2Session | Socket) => this.endSilent(silent));
    const onRequest = (request: HttpRequest, response: HttpResponse) => this.receive(request, response);
    this.server.on("request", onRequest).on("checkContinue", onRequest);
  }

  /** Listens, and returns the port. Throws if it cannot listen on the address. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, host.replaceAll(/[[\]]/g, ""), () => {
        this.server.off("error", reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /**
   * Accepts no more connections, lets calls in flight end, and closes all connections after ten seconds. Requests that
   * still arrive on open connections are answered, and their connections close after that.
   */
  async close(): Promise<void> {
    this.isClosing = true;
    this.server.close();
    for (const session of this.sessions) session.close();
    const idle = new Promise<void>((resolve) => {
      this.onIdle = resolve;
    });
    this.closeIdle();
    const cutOff = setTimeout(() => this.onIdle(), shutdownGrace);
    await idle;
    clearTimeout(cutOff);
    for (const connection of this.mine.keys()) connection.close();
  }

  private closeIdle(): void {
    if ("closeIdleConnections" in this.server) this.server.closeIdleConnections();
    if (!this.openRequests) this.onIdle();
  }

  private limits() {
    const { requestTimeout } = this.options;
    return {
      maxHeaderSize: headerBytes,
      headersTimeout,
      keepAliveTimeout: idleTimeout,
      requestTimeout: Math.max(requestTimeout, headersTimeout) + lastResort,
      connectionsCheckingInterval: 1000,
      insecureHTTPParser: false,
      noDelay: true,
    };
  }

  private secure(tls: TlsSource): Http2SecureServer {
    const contextOf = () => {
      const { cert, key, ca } = tls.current();
      return { cert, key, ...(ca && { ca }) };
    };
    const server = createSecureServer({
      ...contextOf(),
      allowHTTP1: true,
      requestCert: tls.current().ca !== undefined,
      rejectUnauthorized: false, // a client without a certificate may still have a token
      maxSessionMemory: 10,
      settings: { maxConcurrentStreams: streams, maxHeaderListSize: headerBytes },
    });
    Object.assign(server, this.limits()); // Node does not take the limits of HTTP/1.1 from the options
    tls.onChange(() => server.setSecureContext(contextOf()));
    server.on("session", (session) => {
      this.options.connections.begin(session);
      this.sessions.add(session);
      session.on("error", () => undefined).once("close", () => this.sessions.delete(session));
    });
    return server;
  }

  private limitRequests(socket: Socket): void {
    const connection = this.options.connections.on(socket);
    if (!connection) return;
    limitPipelining(
      socket,
      () => connection.isFull(streams),
      () => connection.close("requests"),
    );
  }

  private receive(request: HttpRequest, response: HttpResponse): void {
    const { connections, route } = this.options;
    const connection =
      "stream" in request ? connections.of(request.stream.session) : connections.beginOn(request.socket);
    const open = connection && this.mine.get(connection);
    if (!open) return void request.destroy();
    const exchange = new HttpExchange(request, response, connection);
    open.add(exchange);
    this.openRequests += 1;
    exchange.once("close", () => {
      open.delete(exchange);
      this.openRequests -= 1;
      if (this.isClosing) setImmediate(() => this.closeIdle());
    });
    if (this.isClosing && request.httpVersionMajor === 1) exchange.commonHeaders["connection"] = "close";
    connections.intake.receive(connection, exchange, request.rawHeaders, () => route(exchange));
  }

  /** Ends a connection on which nothing happens: peacefully if it is idle, at once if its peer does not take a response. */
  private endSilent(silent: Http2Session | Socket): void {
    const { connections } = this.options;
    const isSession = "ping" in silent;
    const connection = isSession ? connections.of(silent) : connections.on(silent);
    if (connection?.runningCalls) return; // the peer waits for the server
    if (isSession && !connection?.hasOpenStreams) silent.close();
    else silent.destroy();
  }
}
