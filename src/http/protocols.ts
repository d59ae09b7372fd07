import type { IncomingHttpHeaders } from "node:http";
import type { FileRegistry } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { compressedFlag, encodeEnvelope } from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  endStreamFlag,
  endStreamToJson,
  errorToJsonBytes,
  parseContentType as parseConnectType,
  parseTimeout as parseConnectTimeout,
} from "@connectrpc/connect/protocol-connect";
import {
  parseContentType as parseWebType,
  parseTimeout as parseWebTimeout,
  setTrailerStatus,
  trailerFlag,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";
import { refuse } from "../domain/errors";
import { type Codec, codecs } from "./codecs";

/** The bytes in front of an enveloped message: flags, and four for its length. */
const prefix = 5;

/** A message of a request as it arrived, perhaps compressed. */
export interface Packed {
  readonly bytes: Buffer;
  readonly encoding: string | undefined;
}

/** A complete response without its headers of the call. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** One of the forms in which a call travels over HTTP. */
export interface Protocol {
  readonly codec: Codec;
  readonly contentType: string;
  /** Bytes of a request beside its message. */
  readonly overhead: number;
  /** Whether the body of a response may be compressed as a whole. */
  readonly compressesBody: boolean;
  /** Returns the milliseconds that the caller gives to the call. Throws INVALID_FIELDS. */
  timeoutOf(headers: IncomingHttpHeaders): number | undefined;
  /** Returns the message of a whole body. Throws INVALID_FIELDS. */
  unpack(body: Buffer, headers: IncomingHttpHeaders): Packed;
  /** Returns a message as a response has it. */
  frame(message: Uint8Array): Uint8Array;
  /** Returns the end of a response whose headers are sent. */
  end(requestId: string, error?: ConnectError): Uint8Array;
  /** Returns the response for an error, before anything of a response is sent. */
  fail(error: ConnectError, requestId: string): Reply;
}

type TimeoutParser = (value: string | null, most: number) => { readonly timeoutMs?: number; readonly error?: unknown };

const timeoutReader =
  (name: "connect-timeout-ms" | "grpc-timeout", parse: TimeoutParser): Protocol["timeoutOf"] =>
  (headers) => {
    const value = headers[name];
    const { timeoutMs, error } = parse(typeof value === "string" ? value : null, Infinity);
    if (error)
      throw refuse.invalidFields([{ field: name, description: "must be a timeout as the protocol writes it" }]);
    return timeoutMs;
  };

const textOf = (header: string | string[] | undefined) => (typeof header === "string" ? header : undefined);

/** Returns the one message of an enveloped request. */
function unpackEnvelope(body: Buffer, encoding: string | undefined): Packed {
  const isWhole = body.length >= prefix && body.length === prefix + body.readUInt32BE(1);
  const flags = body[0] ?? 0;
  if (!isWhole || flags > compressedFlag)
    throw refuse.invalidFields([{ field: "request", description: "must be one message in one envelope" }]);
  return { bytes: body.subarray(prefix), encoding: flags === compressedFlag ? (encoding ?? "unknown") : undefined };
}

const nothing = new Uint8Array();

/** The response of every protocol that tells errors by the status of HTTP. */
export const errorReply = (error: ConnectError, registry: FileRegistry, status?: number): Reply => ({
  status: status ?? codeToHttpStatus(error.code),
  contentType: "application/json",
  body: errorToJsonBytes(error, { registry }),
});

const connectUnary = (codec: Codec, registry: FileRegistry): Protocol => ({
  codec,
  contentType: `application/${codec.name}`,
  overhead: 0,
  compressesBody: true,
  timeoutOf: timeoutReader("connect-timeout-ms", parseConnectTimeout),
  unpack: (bytes, headers) => ({ bytes, encoding: textOf(headers["content-encoding"]) }),
  frame: (message) => message,
  end: () => nothing,
  fail: (error) => errorReply(error, registry),
});

function connectStream(codec: Codec, registry: FileRegistry): Protocol {
  const contentType = `application/connect+${codec.name}`;
  const end: Protocol["end"] = (requestId, error) => {
    const metadata = new Headers({ "x-request-id": requestId });
    return encodeEnvelope(endStreamFlag, Buffer.from(JSON.stringify(endStreamToJson(metadata, error, { registry }))));
  };
  return {
    codec,
    contentType,
    overhead: prefix,
    compressesBody: false,
    timeoutOf: timeoutReader("connect-timeout-ms", parseConnectTimeout),
    unpack: (body, headers) => unpackEnvelope(body, textOf(headers["connect-content-encoding"])),
    frame: (message) => encodeEnvelope(0, message),
    end,
    fail: (error, requestId) => ({ status: 200, contentType, body: end(requestId, error) }),
  };
}

const endWeb: Protocol["end"] = (requestId, error) => {
  const trailer = setTrailerStatus(new Headers({ "x-request-id": requestId }), error);
  return encodeEnvelope(trailerFlag, trailerSerialize(trailer));
};

function grpcWeb(codec: Codec): Protocol {
  const contentType = `application/grpc-web+${codec.name}`;
  return {
    codec,
    contentType,
    overhead: prefix,
    compressesBody: false,
    timeoutOf: timeoutReader("grpc-timeout", parseWebTimeout),
    unpack: (body, headers) => unpackEnvelope(body, textOf(headers["grpc-encoding"])),
    frame: (message) => encodeEnvelope(0, message),
    end: endWeb,
    fail: (error, requestId) => ({ status: 200, contentType, body: endWeb(requestId, error) }),
  };
}

/** Returns a protocol with each codec. */
const each = (create: (codec: Codec) => Protocol) => ({ json: create(codecs.json), proto: create(codecs.proto) });

/** Returns a function from a content type to its protocol, undefined if no RPC of this kind is served in it. */
export function protocolsOf(registry: FileRegistry): (contentType: string, isStream: boolean) => Protocol | undefined {
  const unary = each((codec) => connectUnary(codec, registry));
  const stream = each((codec) => connectStream(codec, registry));
  const web = each(grpcWeb);
  return (contentType, isStream) => {
    const connect = parseConnectType(contentType);
    if (connect) {
      if (connect.stream !== isStream) return undefined;
      return (isStream ? stream : unary)[connect.binary ? "proto" : "json"];
    }
    const asked = parseWebType(contentType);
    return asked && !asked.text ? web[asked.binary ? "proto" : "json"] : undefined;
  };
}
