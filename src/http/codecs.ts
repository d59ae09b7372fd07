import type { Requester } from "../connections/few-at-once";
import type { HttpMethod } from "./methods";
import { readRequestJson } from "./request-json";
import { writeResponseJson } from "./response-json";

/** The form of messages in a body. The server itself works with protobuf. Both methods reject if the peer goes away. */
export interface Codec {
  /** Its name in content types. */
  readonly name: "json" | "proto";
  /** Returns a request as protobuf. Throws INVALID_FIELDS. */
  decode(request: Buffer, method: HttpMethod, requester: Requester): Buffer | Promise<Buffer>;
  /** Returns a response, which is protobuf, in this form. */
  encode(response: Uint8Array, method: HttpMethod, requester: Requester): Uint8Array | Promise<Uint8Array>;
}

export const codecs: Readonly<Record<Codec["name"], Codec>> = {
  proto: { name: "proto", decode: (request) => request, encode: (response) => response },
  json: { name: "json", decode: readRequestJson, encode: writeResponseJson },
};
