import { create, toJson } from "@bufbuild/protobuf";
import type { Call } from "./call";

export interface Target {
  /** The host of the page, without a port. */
  readonly hostname: string;
  readonly tls: boolean;
  readonly signedIn: boolean;
}

/** Characters that a terminal does not show as they are: controls, separators, and those that change the direction. */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const escapeUnit = (unit: string) => String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, "0");

const escapeHidden = (json: string) =>
  json.replaceAll(hidden, (character) => character.split("").map(escapeUnit).join(""));

/** Quotes a text for a POSIX shell. */
const quote = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * Returns the command that makes the same call. The address and the token are variables of the shell: the page does not
 * know where gRPC listens, and no token should be in a history of commands.
 */
export function grpcurl({ method, input }: Call, target: Target): string {
  const data = escapeHidden(
    JSON.stringify(toJson(method.input, create(method.input, Object.fromEntries(Object.entries(input))))),
  );
  return [
    `grpcurl${target.tls ? "" : " -plaintext"}`,
    ...(target.signedIn ? [`-H "authorization: Bearer $ORGROLES_TOKEN"`] : []),
    `-d ${quote(data)}`,
    `"\${ORGROLES_ADDRESS:-${target.hostname}:50051}"`,
    `${method.parent.typeName}/${method.name}`,
  ].join(" \\\n  ");
}
