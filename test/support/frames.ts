import * as http2 from "node:http2";
import { connect } from "node:net";

/** What a server answered to a request by HTTP/2, whether it makes sense as gRPC or not. */
export interface WireAnswer {
  /** HTTP status; undefined: the stream or the connection ended without any. */
  readonly status: number | undefined;
  readonly grpcStatus: string | undefined;
  readonly text: string;
}

/** Sends any headers and any body, over a new connection where the server ended the one before. */
export function wireClient(address: string) {
  let session: http2.ClientHttp2Session | undefined;
  const connected = () => {
    if (session && !session.destroyed && !session.closed) return session;
    session = http2.connect(`http://${address}`);
    return session.on("error", () => undefined);
  };
  return {
    send: (headers: http2.OutgoingHttpHeaders, body: Uint8Array) =>
      new Promise<WireAnswer>((resolve) => {
        const seen: Record<string, unknown> = {};
        let stream: http2.ClientHttp2Stream;
        try {
          stream = connected().request(headers);
        } catch {
          resolve({ status: undefined, grpcStatus: undefined, text: "" }); // Node itself refuses to send it
          return;
        }
        stream.on("response", (received) => Object.assign(seen, received));
        stream.on("trailers", (received) => Object.assign(seen, received));
        stream.on("error", () => undefined);
        stream.once("close", () =>
          resolve({
            status: seen[":status"] as number | undefined,
            grpcStatus: seen["grpc-status"] as string | undefined,
            text: decodeURIComponent((seen["grpc-message"] as string | undefined) ?? ""),
          }),
        );
        stream.resume().end(body);
      }),
    close: () => session?.destroy(),
  };
}

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([header, payload]);
}

/** A message as gRPC sends it. */
export function grpcBody(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const header = Buffer.alloc(5);
  header[0] = flag;
  header.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([header, message]);
}

/** Milliseconds of silence after which a client gives up a connection that the server keeps for later. */
const patience = 150;

/** Sends bytes over a connection of its own, and reads until the server ends it or has nothing more to say. */
export function exchange(address: string, bytes: Uint8Array, { ends }: { ends: boolean }): Promise<Buffer> {
  const [host, port] = address.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    const received: Buffer[] = [];
    socket.on("data", (data) => received.push(data));
    socket.on("error", () => undefined);
    socket.setTimeout(patience, () => socket.destroy());
    socket.once("close", () => resolve(Buffer.concat(received)));
    socket.once("connect", () => {
      socket.write(bytes);
      if (ends) socket.end();
      else socket.resetAndDestroy();
    });
  });
}
