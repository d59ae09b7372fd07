import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { CallSource } from "../calls/admission";
import type { Closing } from "../calls/closing";
import type { FrameSource, Traffic } from "./control-frames";
import { Intake } from "./intake";
import type { ReadingSource } from "./reading-turns";

export interface ConnectionLimits {
  readonly connections: number;
  /** Bytes that the process may keep for all connections together. */
  readonly bufferBytes: number;
}

/** Bytes that an idle connection and an idle stream take, measured. */
const cost = { connection: 32 * 1024, stream: 8 * 1024 };

/** Milliseconds within which HTTP must begin. A TLS handshake takes several round trips. */
const handshakeTimeout = 10_000;

/** A connection of a peer, with a count of the bytes that the process keeps for that peer. */
export class Connection implements CallSource, FrameSource, ReadingSource {
  /** Whether a caller has been identified on the connection. */
  trusted = false;
  /** Whether HTTP has begun. */
  hasBegun = false;
  /** Present once HTTP/2 has begun. */
  session: Http2Session | undefined;
  /** The socket on which HTTP/1.1 has begun, with TLS or without. */
  parsed: Socket | undefined;
  /** Number of open streams that need no credentials and that only their client ends. */
  openStreams = 0;
  /** Number of open streams of events. */
  watches = 0;
  runningCalls = 0;
  readonly since = performance.now();
  private counted = 0;
  private requestBytes = 0;
  private streams = 0;
  private isClosed = false;

  constructor(
    private readonly connections: Connections,
    private readonly socket: Socket,
  ) {}

  get bytes(): number {
    return this.counted;
  }

  /** Adds bytes to the count; a negative number of bytes is no longer kept. */
  keep(bytes: number): void {
    if (this.isClosed) return;
    this.counted += bytes;
    this.connections.keep(bytes);
  }

  /** The bytes received and sent; absent after the socket is closed. */
  get traffic(): Traffic | undefined {
    const handle = handleOf(this.socket);
    return handle ? { read: handle.bytesRead, requests: this.requestBytes, written: handle.bytesWritten } : undefined;
  }

  get hasFrames(): boolean {
    return this.session !== undefined;
  }

  get hasOpenStreams(): boolean {
    return this.streams > 0;
  }

  /** Whether the connection takes no more requests: it is closed, or has so many open ones. */
  isFull(most: number): boolean {
    return this.isClosed || this.streams >= most;
  }

  /** Counts the bytes of a request as they arrive. */
  received(bytes: number): void {
    this.requestBytes += bytes;
  }

  streamOpened(): void {
    this.streams += 1;
    this.keep(cost.stream);
  }

  /** Gives back the cost of a stream, and the bytes that the process kept for it. */
  streamClosed(kept: number): void {
    this.streams -= 1;
    this.connections.giveBack(this, cost.stream + kept);
  }

  /** Stops reading: further bytes of the peer stay in the operating system's buffers. */
  stopReading(): void {
    handleOf(this.socket)?.readStop();
  }

  /** Starts reading again, unless Node itself has stopped because the peer does not take what the server has written. */
  startReading(): void {
    // HTTP/2 stops again by itself
    if (!this.parsed?.isPaused()) handleOf(this.socket)?.readStart();
  }

  close(reason?: Closing): void {
    if (this.isClosed) return;
    this.keep(-this.counted);
    this.isClosed = true;
    this.session?.destroy(); // immediately, even if more has been received
    this.socket.destroy();
    if (reason) this.connections.onClosing(reason);
  }
}

/**
 * Limits what peers make the process keep: connections, streams, requests in flight and unread responses. Above a limit it
 * closes one connection. If there are too many connections, it closes the oldest one without an identified caller. If the
 * connections take too many bytes, it closes the one that takes most; while connections without an identified caller take
 * more than half of all bytes, only among these.
 */
export class Connections {
  readonly intake = new Intake<Connection>();
  private readonly open = new Set<Connection>();
  /** The newest connection of each name: the system may reuse a name before Node notices the end of a connection. */
  private readonly byName = new Map<string, Connection>();
  private readonly bySession = new WeakMap<Http2Session, Connection>();
  private readonly givenBack = new Map<Connection, number>();
  private bytes = 0;
  private onEmpty: (() => void)[] = [];
  private readonly timer = setInterval(() => this.closeSilent(), 1000).unref();

  constructor(
    private readonly limits: ConnectionLimits,
    readonly onClosing: (reason: Closing) => void = () => undefined,
  ) {}

  /** Adds a new connection, before TLS and HTTP/2 begin. */
  add(socket: Socket): Connection {
    const name = nameOf(socket);
    const connection = new Connection(this, socket);
    this.open.add(connection);
    this.byName.set(name, connection);
    socket.once("close", () => {
      this.open.delete(connection);
      if (this.byName.get(name) === connection) this.byName.delete(name);
      connection.close();
      if (this.open.size) return;
      for (const listener of this.onEmpty) listener();
      this.onEmpty = [];
    });
    connection.keep(cost.connection);
    if (this.open.size > this.limits.connections) {
      const unknown = [...this.open].find(({ trusted }) => !trusted);
      (unknown ?? connection).close("connections");
    }
    return connection;
  }

  /** Sets the session of a connection when HTTP/2 begins. With TLS the session has another socket, of the same peer. */
  begin(session: Http2Session): void {
    const connection = this.byName.get(nameOf(session.socket));
    if (!connection) return session.destroy();
    connection.hasBegun = true;
    connection.session = session;
    this.bySession.set(session, connection);
    this.intake.add(connection);
  }

  /** Returns the connection of a socket. With TLS it is another socket, of the same peer. */
  on(socket: Socket): Connection | undefined {
    return this.byName.get(nameOf(socket));
  }

  /** Returns the connection of a socket on which HTTP/1.1 has begun. */
  beginOn(socket: Socket): Connection | undefined {
    const connection = this.on(socket);
    if (!connection) return undefined;
    connection.hasBegun = true;
    connection.parsed = socket;
    return connection;
  }

  of(session: Http2Session | undefined): Connection | undefined {
    return session && this.bySession.get(session);
  }

  /** Returns the number of open connections, and the bytes that are counted for them. */
  load(): { readonly connections: number; readonly bytes: number } {
    return { connections: this.open.size, bytes: this.bytes };
  }

  keep(bytes: number): void {
    this.bytes += bytes;
    if (bytes <= 0) return;
    while (this.bytes > this.limits.bufferBytes && this.open.size) {
      const connection = this.largest();
      this.open.delete(connection);
      connection.close("bytes");
    }
  }

  private settle(): void {
    for (const [connection, bytes] of this.givenBack) connection.keep(-bytes);
    this.givenBack.clear();
  }

  /** Returns the connections to choose from: those without an identified caller while they take more than half, else all. */
  private largest(): Connection {
    const all = [...this.open];
    const unknown = all.filter(({ trusted }) => !trusted);
    const taken = unknown.reduce((sum, { bytes }) => sum + bytes, 0);
    const some = taken > this.limits.bufferBytes / 2 ? unknown : all;
    return some.reduce((most, one) => (one.bytes > most.bytes ? one : most));
  }

  /** Counts less for a connection from the next turn of the event loop on: until then Node keeps what it closes. */
  giveBack(connection: Connection, bytes: number): void {
    const { givenBack } = this;
    if (!givenBack.size) setImmediate(() => this.settle());
    givenBack.set(connection, (givenBack.get(connection) ?? 0) + bytes);
  }

  /** Resolves when no connection is open. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      if (this.open.size) this.onEmpty.push(resolve);
      else resolve();
    });
  }

  /** Closes every connection immediately. */
  close(): void {
    clearInterval(this.timer);
    for (const connection of this.open) connection.close();
  }

  private closeSilent(): void {
    const latest = performance.now() - handshakeTimeout;
    for (const connection of this.open) {
      if (connection.since > latest) return;
      if (!connection.hasBegun) connection.close("handshake");
    }
  }
}

/** The handle by which Node reads a socket. HTTP/2 reads from the handle itself, so the socket cannot be paused. */
interface Handle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readStart(): void;
  readStop(): void;
}

const handleOf = (socket: Socket) => (socket as unknown as Readonly<Record<string, Handle | null>>)["_handle"];

/** Returns a name that is unique while the connection is open. A peer may use one port to reach several local addresses. */
const nameOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
