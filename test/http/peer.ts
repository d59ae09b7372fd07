import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** Makes a request on a connection of its own. */
export function ask(address: string, path: string, { method = "POST", headers = {}, body = "" }: Asking = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const [host, port] = address.split(":");
    const asked = request({ host, port, path, method, headers, agent: false }, (response) => {
      void buffer(response).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes }),
        reject,
      );
    });
    asked.on("error", reject).end(body);
  });
}

export const json = { "content-type": "application/json" };

/** Calls an RPC in JSON. */
export const call = (address: string, rpc: string, body: string | object, headers: OutgoingHttpHeaders = {}) =>
  ask(address, `/orgroles.v1.${rpc}`, {
    headers: { ...json, ...headers },
    body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });

interface Detail {
  readonly type: string;
  readonly debug: Readonly<Record<string, unknown>>;
}

/** Returns what an error says: the status of HTTP, code, reason, and the fields of BadRequest. */
export function failureIn({ status, body }: Answer) {
  const error = JSON.parse(body.toString()) as { code: string; message: string; details?: Detail[] };
  const detail = (name: string) => error.details?.find(({ type }) => type === `google.rpc.${name}`)?.debug;
  const violations = (detail("BadRequest")?.["fieldViolations"] ?? []) as { field: string; description: string }[];
  return {
    status,
    code: error.code,
    reason: detail("ErrorInfo")?.["reason"],
    metadata: detail("ErrorInfo")?.["metadata"],
    fields: violations.map(({ field }) => field),
  };
}

/** Writes bytes to a connection, and returns everything that comes back until it is closed, or `milliseconds` have passed. */
export function rawly(address: string, parts: readonly (string | Uint8Array)[], milliseconds = 3000): Promise<string> {
  return new Promise((resolve) => {
    const [host = "", port] = address.split(":");
    const socket = connect(Number(port), host);
    let received = "";
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    const timer = setTimeout(done, milliseconds);
    socket
      .on("data", (bytes) => (received += bytes.toString("latin1")))
      .on("error", () => undefined)
      .on("close", done);
    for (const part of parts) socket.write(part);
  });
}
