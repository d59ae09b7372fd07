import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { frame, preface } from "../support/frames";

/** Types and flags of HTTP/2 frames. */
export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const;

const initialWindow = 65_535;

/** Encodes headers without compression. `indexed`: the server keeps them in its table, from where later headers name them. */
export function headerBlock(headers: Readonly<Record<string, string>>, { indexed = false } = {}): Buffer {
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [
      Buffer.from([indexed ? 0x40 : 0]),
      ...[name, value].map((text) => Buffer.concat([lengthOf(Buffer.byteLength(text)), Buffer.from(text)])),
    ]),
  );
}

/** A length as HPACK writes it, with a prefix of seven bits. */
function lengthOf(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

export const grpcHeaders = (path: string, more: Readonly<Record<string, string>> = {}) => ({
  ":method": "POST",
  ":scheme": "http",
  ":path": path,
  ":authority": "localhost",
  "content-type": "application/grpc",
  te: "trailers",
  ...more,
});

/** A client that speaks HTTP/2 frame by frame, as no library would, within the windows that the server gives. */
export class RawPeer {
  ended = false;
  private windows = new Map<number, number>([[0, initialWindow]]);
  private received = Buffer.alloc(0);
  private readonly waiting = new Map<number, () => void>();
  private wake: () => void = () => undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly reads: boolean,
  ) {
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.ended = true;
      this.wake();
    });
    socket.on("data", (bytes: Buffer) => this.parse(bytes));
  }

  /**
   * `window`: bytes of responses that the peer takes on a stream. `reads`: whether it acknowledges and answers pings.
   * `secure`: whether it connects with TLS.
   */
  static async open(address: string, { window = initialWindow, reads = true, secure = false } = {}): Promise<RawPeer> {
    const [host = "", name] = address.split(":");
    const port = Number(name);
    const socket = secure
      ? connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] })
      : connect(port, host);
    const peer = new RawPeer(socket, reads);
    const connected = secure ? "secureConnect" : "connect";
    await Promise.race([once(socket, connected), once(socket, "close")]).catch(() => undefined);
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(4, 0);
    settings.writeUInt32BE(window, 2);
    await peer.send(Buffer.concat([preface, frame(types.settings, 0, 0, settings)]));
    return peer;
  }

  /** Resolves when the operating system has taken the bytes, or the connection has ended. */
  send(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.ended) return resolve();
      if (this.socket.write(bytes)) return setImmediate(resolve);
      this.socket.once("drain", resolve);
      this.socket.once("close", resolve);
    });
  }

  request(stream: number, headers: Readonly<Record<string, string>>, { ends = false } = {}): Promise<void> {
    this.windows.set(stream, initialWindow);
    const flag = flags.endHeaders + (ends ? flags.endStream : 0);
    return this.send(frame(types.headers, flag, stream, headerBlock(headers)));
  }

  /** Sends data in pieces of a size, as fast as the windows allow. */
  async data(stream: number, bytes: Buffer, { piece = 16_384, ends = false } = {}): Promise<void> {
    for (let start = 0; start < bytes.length && !this.ended; ) {
      const room = Math.min(this.windows.get(0) ?? 0, this.windows.get(stream) ?? 0, bytes.length - start, 65_536);
      if (room <= 0) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      const frames: Buffer[] = [];
      for (let place = start; place < start + room; place += piece) {
        const part = bytes.subarray(place, Math.min(place + piece, start + room));
        frames.push(
          frame(types.data, ends && place + part.length === bytes.length ? flags.endStream : 0, stream, part),
        );
      }
      for (const id of [0, stream]) this.windows.set(id, (this.windows.get(id) ?? 0) - room);
      start += room;
      await this.send(Buffer.concat(frames));
    }
  }

  /** Resolves when the server has begun to respond on a stream, or the connection has ended. */
  answered(stream: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.waiting.set(stream, () => resolve(true));
      this.socket.once("close", () => resolve(false));
    });
  }

  /** Leaves what the server sends in the operating system's buffers. */
  stopReading(): void {
    this.socket.pause();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private parse(bytes: Buffer): void {
    if (!this.reads) return;
    this.received = Buffer.concat([this.received, bytes]);
    while (this.received.length >= 9) {
      const length = this.received.readUIntBE(0, 3);
      if (this.received.length < 9 + length) return;
      const [type, flag, stream] = [this.received[3], this.received[4] ?? 0, this.received.readUInt32BE(5)];
      const payload = this.received.subarray(9, 9 + length);
      this.received = this.received.subarray(9 + length);
      if (type === types.headers) this.waiting.get(stream)?.();
      if (type === types.windowUpdate) {
        this.windows.set(stream, (this.windows.get(stream) ?? 0) + payload.readUInt32BE(0));
        this.wake();
      } else if (type === types.reset) {
        this.windows.set(stream, Number.MAX_SAFE_INTEGER); // goes on, as if nothing had been said
        this.wake();
      } else if (type === types.settings && !(flag & flags.ack))
        void this.send(frame(types.settings, flags.ack, 0, Buffer.alloc(0)));
      else if (type === types.ping && !(flag & flags.ack)) void this.send(frame(types.ping, flags.ack, 0, payload));
    }
  }
}
