import { fromBinary, toJsonString } from "@bufbuild/protobuf";
import type { HttpMethod } from "./methods";
import { readRequestJson } from "./request-json";

/** The form of messages in a body. The server itself works with protobuf. */
export interface Codec {
  /** Its name in content types. */
  readonly name: "json" | "proto";
  /** Returns a request as protobuf. Throws INVALID_FIELDS. */
  decode(request: Buffer, method: HttpMethod): Buffer;
  /** Returns a response, which is protobuf, in this form. */
  encode(response: Uint8Array, method: HttpMethod): Uint8Array;
}

export const codecs: Readonly<Record<Codec["name"], Codec>> = {
  proto: { name: "proto", decode: (request) => request, encode: (response) => response },
  json: {
    name: "json",
    decode: readRequestJson,
    encode: (response, { output, registry }) =>
      Buffer.from(toJsonString(output, fromBinary(output, response), { registry })),
  },
};
