import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";

export interface ConnectionLimits {
  readonly connections: number;
  /** Bytes that all connections together may make the process keep. */
  readonly bytes: number;
}

/**
 * The limits for which the server closes a connection: there are too many, they take too much memory, HTTP/2 does not
 * begin, or a request comes in too small pieces.
 */
export const closings = ["connections", "bytes", "handshake", "frames"] as const;
export type Closing = (typeof closings)[number];

/** Bytes that a connection and a stream take besides what they carry, measured on idle ones. */
const cost = { connection: 32 * 1024, stream: 8 * 1024 };

/** Milliseconds until HTTP/2 has to begin. A TLS handshake takes several round trips. */
const handshakeTimeout = 10_000;

/** A connection of a peer, and the memory that the process keeps for it. */
export class Connection {
  /** Whether a caller has been identified on it. */
  trusted = false;
  /** Whether HTTP/2 has begun. */
  begun = false;
  /** Open streams that need no credentials and last as long as their client likes. */
  openStreams = 0;
  readonly since = performance.now();
  private counted = 0;
  private isClosed = false;

  constructor(
    private readonly connections: Connections,
    private readonly socket: Socket,
  ) {}

  get bytes(): number {
    return this.counted;
  }

  /** Counts bytes that the process keeps for the peer, or no longer keeps where they are negative. */
  keep(bytes: number): void {
    if (this.isClosed) return;
    this.counted += bytes;
    this.connections.keep(bytes);
  }

  streamOpened(): void {
    this.keep(cost.stream);
  }

  streamClosed(): void {
    this.keep(-cost.stream);
  }

  close(reason?: Closing): void {
    if (this.isClosed) return;
    this.keep(-this.counted);
    this.isClosed = true;
    this.socket.destroy();
    if (reason) this.connections.onClosing(reason);
  }
}

/**
 * Bounds what peers make the process keep: connections, streams, requests in flight and responses that nobody reads.
 * Over a limit it closes the connection that matters least: the oldest one without an identified caller where there are
 * too many, and the one that takes most where they take too much.
 */
export class Connections {
  private readonly open = new Map<string, Connection>();
  private readonly bySession = new WeakMap<Http2Session, Connection>();
  private bytes = 0;
  private readonly timer = setInterval(() => this.closeSilent(), 1000).unref();

  constructor(
    private readonly limits: ConnectionLimits,
    readonly onClosing: (reason: Closing) => void = () => undefined,
  ) {}

  /** Is to be called for each new connection, before TLS and HTTP/2 begin. */
  add(socket: Socket): void {
    const name = nameOf(socket);
    const connection = new Connection(this, socket);
    this.open.set(name, connection);
    socket.once("close", () => {
      if (this.open.get(name) === connection) this.open.delete(name);
      connection.close();
    });
    connection.keep(cost.connection);
    if (this.open.size <= this.limits.connections) return;
    const unknown = [...this.open.values()].find(({ trusted }) => !trusted);
    (unknown ?? connection).close("connections");
  }

  /** Is to be called when HTTP/2 begins on a connection. With TLS the session has another socket, of the same peer. */
  begin(session: Http2Session): void {
    const connection = this.open.get(nameOf(session.socket));
    if (!connection) return session.destroy();
    connection.begun = true;
    this.bySession.set(session, connection);
  }

  of(session: Http2Session | undefined): Connection | undefined {
    return session && this.bySession.get(session);
  }

  /** Returns how many connections are open, and the bytes that are counted for them. */
  load(): { readonly connections: number; readonly bytes: number } {
    return { connections: this.open.size, bytes: this.bytes };
  }

  keep(bytes: number): void {
    this.bytes += bytes;
    if (bytes <= 0) return;
    while (this.bytes > this.limits.bytes && this.open.size) {
      const [name, largest] = [...this.open].reduce((most, one) => (one[1].bytes > most[1].bytes ? one : most));
      this.open.delete(name);
      largest.close("bytes");
    }
  }

  /** Closes every connection at once. */
  close(): void {
    clearInterval(this.timer);
    for (const connection of this.open.values()) connection.close();
  }

  private closeSilent(): void {
    const latest = performance.now() - handshakeTimeout;
    for (const connection of this.open.values()) {
      if (connection.since > latest) return;
      if (!connection.begun) connection.close("handshake");
    }
  }
}

const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
