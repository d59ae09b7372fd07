import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Closing } from "../calls/closing";

export interface ConnectionLimits {
  readonly connections: number;
  /** Bytes that all connections together may make the process keep. */
  readonly bytes: number;
}

/** Bytes that a connection and a stream take besides what they carry, measured on idle ones. */
const cost = { connection: 32 * 1024, stream: 8 * 1024 };

/** Milliseconds until HTTP/2 has to begin. A TLS handshake takes several round trips. */
const handshakeTimeout = 10_000;

/** A connection of a peer, and the memory that the process keeps for it. */
export class Connection {
  /** Whether a caller has been identified on it. */
  trusted = false;
  /** Absent until HTTP/2 has begun. */
  session: Http2Session | undefined;
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

  /** Is to be called with the bytes that the process has kept for the stream. */
  streamClosed(kept: number): void {
    this.connections.giveBack(this, cost.stream + kept);
  }

  /** Leaves what the peer sends in the operating system's buffers. */
  stopReading(): void {
    handleOf(this.socket)?.readStop();
  }

  /** Goes on reading. Where Node waits for the peer to take what is written, it stops reading again by itself. */
  startReading(): void {
    handleOf(this.socket)?.readStart();
  }

  close(reason?: Closing): void {
    if (this.isClosed) return;
    this.keep(-this.counted);
    this.isClosed = true;
    this.session?.destroy(); // at once, whatever else has been received
    this.socket.destroy();
    if (reason) this.connections.onClosing(reason);
  }
}

/**
 * Bounds what peers make the process keep: connections, streams, requests in flight and responses that nobody reads.
 * Over a limit it closes the connection that matters least: the oldest one without an identified caller where there are
 * too many; where they take too much the one that takes most, of those without an identified caller while these
 * together take more than half.
 */
export class Connections {
  private readonly open = new Set<Connection>();
  /** The newest of each name: the system may give a name anew before Node has seen the end of a connection. */
  private readonly byName = new Map<string, Connection>();
  private readonly bySession = new WeakMap<Http2Session, Connection>();
  private readonly givenBack = new Map<Connection, number>();
  private bytes = 0;
  private onEmpty: () => void = () => undefined;
  private readonly timer = setInterval(() => this.closeSilent(), 1000).unref();

  constructor(
    private readonly limits: ConnectionLimits,
    readonly onClosing: (reason: Closing) => void = () => undefined,
  ) {}

  /** Is to be called for each new connection, before TLS and HTTP/2 begin. */
  add(socket: Socket): void {
    const name = nameOf(socket);
    const connection = new Connection(this, socket);
    this.open.add(connection);
    this.byName.set(name, connection);
    socket.once("close", () => {
      this.open.delete(connection);
      if (this.byName.get(name) === connection) this.byName.delete(name);
      connection.close();
      if (!this.open.size) this.onEmpty();
    });
    connection.keep(cost.connection);
    if (this.open.size <= this.limits.connections) return;
    const unknown = [...this.open].find(({ trusted }) => !trusted);
    (unknown ?? connection).close("connections");
  }

  /** Is to be called when HTTP/2 begins on a connection. With TLS the session has another socket, of the same peer. */
  begin(session: Http2Session): void {
    const connection = this.byName.get(nameOf(session.socket));
    if (!connection) return session.destroy();
    connection.session = session;
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
      const connection = this.largest();
      this.open.delete(connection);
      connection.close("bytes");
    }
  }

  private settle(): void {
    for (const [connection, bytes] of this.givenBack) connection.keep(-bytes);
    this.givenBack.clear();
  }

  /** Of those without an identified caller, where they take more than half of what there is: not a caller for them. */
  private largest(): Connection {
    const all = [...this.open];
    const unknown = all.filter(({ trusted }) => !trusted);
    const taken = unknown.reduce((sum, { bytes }) => sum + bytes, 0);
    const some = taken > this.limits.bytes / 2 ? unknown : all;
    return some.reduce((most, one) => (one.bytes > most.bytes ? one : most));
  }

  /** Counts less for a connection from the next turn of the event loop on: Node keeps what it closes until then. */
  giveBack(connection: Connection, bytes: number): void {
    const { givenBack } = this;
    if (!givenBack.size) setImmediate(() => this.settle());
    givenBack.set(connection, (givenBack.get(connection) ?? 0) + bytes);
  }

  /** Resolves when no connection is open. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      if (this.open.size) this.onEmpty = resolve;
      else resolve();
    });
  }

  /** Closes every connection at once. */
  close(): void {
    clearInterval(this.timer);
    for (const connection of this.open) connection.close();
  }

  private closeSilent(): void {
    const latest = performance.now() - handshakeTimeout;
    for (const connection of this.open) {
      if (connection.since > latest) return;
      if (!connection.session) connection.close("handshake");
    }
  }
}

/** What Node reads a socket by. HTTP/2 takes what it reads away from the socket, which cannot be paused then. */
interface Handle {
  readStart(): void;
  readStop(): void;
}

const handleOf = (socket: Socket) => (socket as unknown as Readonly<Record<string, Handle | null>>)["_handle"];

/** A peer may use one port of its own for connections to several addresses of this machine. */
const nameOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
