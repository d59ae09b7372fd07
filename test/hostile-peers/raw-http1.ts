import { once } from "node:events";
import { type Socket, connect } from "node:net";

/** A client that writes any bytes to a connection, and reads what comes back or leaves it. */
export class RawHttp1 {
  ended = false;

  private constructor(readonly socket: Socket) {
    socket.on("error", () => undefined);
    socket.once("close", () => (this.ended = true));
  }

  static async open(address: string, { reads = true } = {}): Promise<RawHttp1> {
    const [host = "", port] = address.split(":");
    const peer = new RawHttp1(connect(Number(port), host));
    if (reads) peer.socket.resume();
    await Promise.race([once(peer.socket, "connect"), once(peer.socket, "close")]).catch(() => undefined);
    return peer;
  }

  /** Resolves when the operating system has taken the bytes, or the connection has ended. */
  send(bytes: Buffer | string): Promise<void> {
    return new Promise((resolve) => {
      if (this.ended) return resolve();
      if (this.socket.write(bytes)) return setImmediate(resolve);
      this.socket.once("drain", resolve);
      this.socket.once("close", resolve);
    });
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Returns the head of a request for an RPC of `orgroles.v1`. */
export const head = (rpc: string, length: number, more: Readonly<Record<string, string>> = {}): string =>
  [
    `POST /orgroles.v1.${rpc} HTTP/1.1`,
    ...Object.entries({
      host: "localhost",
      "content-type": "application/json",
      "content-length": String(length),
      ...more,
    }).map(([name, value]) => `${name}: ${value}`),
    "\r\n",
  ].join("\r\n");

/** Returns a whole request. */
export function post(rpc: string, body: object | Buffer | string, more: Readonly<Record<string, string>> = {}): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return Buffer.concat([Buffer.from(head(rpc, bytes.length, more)), bytes]);
}

export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
