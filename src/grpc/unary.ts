import { createHash, randomUUID } from "node:crypto";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { MethodDefinition, ServiceDefinition, handleUnaryCall } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { Refusal, type Violation, refuse } from "../domain/errors";
import { limits } from "../domain/limits";
import type { Call } from "../domain/once";
import { internalError, statusOf } from "./status";

/** A generated service definition. */
export type Service = Record<string, MethodDefinition<any, any>>; // each method has its own types: see Handlers

type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<Method> = Method extends { responseSerialize: (response: infer Response) => Buffer } ? Response : never;

/** One function for each RPC: from the decoded request to the response message. */
export type Handlers<S extends Service> = {
  readonly [Rpc in keyof S]: (request: RequestOf<S[Rpc]>, call: Call) => Promise<ResponseOf<S[Rpc]>>;
};

/** What grpc-js is given for a service. */
export interface Bound {
  readonly definition: ServiceDefinition;
  readonly implementation: Record<string, handleUnaryCall<Buffer, unknown>>;
}

/**
 * Binds handlers to a service. Requests reach the handlers decoded and without fields the server does not know; the
 * bytes are decoded here rather than in grpc-js, which answers INTERNAL to what cannot be decoded.
 */
export function bind<S extends Service>(service: S, handlers: Handlers<S>, log: Logger): Bound {
  const definition: Record<string, MethodDefinition<Buffer, unknown>> = {};
  const implementation: Bound["implementation"] = {};
  for (const [rpc, method] of Object.entries(service)) {
    definition[rpc] = { ...method, requestDeserialize: (bytes: Buffer) => bytes };
    implementation[rpc] = unary(method, handlers[rpc as keyof S] as Handler, log);
  }
  return { definition, implementation };
}

type Handler = (request: object, call: Call) => Promise<unknown>;

/** From a promise to gRPC's callback; every failure of every RPC becomes a status here. */
function unary(
  method: MethodDefinition<object, unknown>,
  handler: Handler,
  log: Logger,
): handleUnaryCall<Buffer, unknown> {
  return ({ request: bytes }, respond) => {
    const answer = async () => {
      const request = decode(method, bytes);
      return handler(request, { fingerprint: () => fingerprintOf(method, request) });
    };
    answer().then(
      (response) => respond(null, response),
      (error: unknown) => {
        if (error instanceof Refusal) return respond(statusOf(error));
        const requestId = randomUUID();
        log.error({ err: error, method: method.path, requestId }, "internal error");
        respond(internalError(requestId));
      },
    );
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(method: MethodDefinition<object, unknown>, bytes: Buffer): object {
  if (bytes.length > limits.requestBytes)
    throw refuse.invalidFields([{ field: "request", description: `must be at most ${limits.requestBytes} bytes` }]);
  let request: object;
  try {
    // generated decoders take bytes, or a reader that is stricter about text than theirs
    const reader = new BinaryReader(bytes, (text) => utf8.decode(text));
    request = method.requestDeserialize(reader as unknown as Buffer);
    if (reader.pos < reader.len) throw new Error("decoding ended early, at a tag that no field has");
  } catch {
    throw refuse.invalidFields([{ field: "request", description: "must be a valid protobuf message" }]);
  }
  const malformed = malformedFields(request, "");
  if (malformed.length) throw refuse.invalidFields(malformed);
  return request;
}

/** Fields of the wire that the message does not have, or that have another type there, and times out of range. */
function malformedFields(message: object, path: string): Violation[] {
  return Object.entries(message).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== "object" || value === null) return [];
    if (value instanceof Date && Number.isNaN(value.getTime()))
      return [{ field: `${path}${snakeCase(name)}`, description: "must be a time of the years 1 to 9999" }];
    if (name !== "_unknownFields") return malformedFields(value, `${path}${snakeCase(name)}.`);
    return Object.keys(value).map((tag) => ({
      field: path.slice(0, -1) || "request",
      description: `must not have field number ${Number(tag) >>> 3}, which is unknown or of another type`,
    }));
  });
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Without the request id, which is the same in upper and lower case. */
function fingerprintOf(method: MethodDefinition<object, unknown>, request: object): string {
  const bytes = method.requestSerialize({ ...request, requestId: undefined });
  return createHash("sha256").update(method.path).update("\0").update(bytes).digest("hex");
}
