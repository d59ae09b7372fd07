import { createHash } from "node:crypto";
import { type Violation, refuse } from "../domain/errors";
import type { Author } from "../domain/event";
import { limits } from "../domain/limits";
import { MessageReader } from "./message-reader";
import type { Method } from "./service";

/** Decodes a request. Throws INVALID_FIELDS for invalid bytes, unknown fields, times out of range and too many messages. */
export function decode(method: Method, bytes: Buffer): object {
  if (bytes.length > limits.requestBytes)
    throw refuse.invalidFields([{ field: "request", description: `must be at most ${limits.requestBytes} bytes` }]);
  const reader = new MessageReader(bytes);
  let request: object;
  try {
    // generated decoders accept a reader in place of bytes; this reader is stricter than their own
    request = method.requestDeserialize(reader as unknown as Buffer);
    if (reader.pos < reader.len) throw new Error("decoding ended early, at a tag that no field has");
  } catch {
    throw refuse.invalidFields([{ field: "request", description: "must be a valid protobuf message" }]);
  }
  if (reader.unknownFields || hasInvalidTime(request)) {
    const found = malformedFields(request, "");
    throw refuse.invalidFields(found.length ? found : [unknownInside]);
  }
  if (reader.hasTooManyMessages) throw refuse.invalidFields([tooManyMessages(request)]);
  return request;
}

/** The violation for unknown fields inside of times and masks, which generated code turns into values without such fields. */
const unknownInside: Violation = {
  field: "request",
  description: "must not have fields in its times and masks that are unknown or of another type",
};

/**
 * Returns whether a time is out of range. Allocates nothing, because every request passes here; `malformedFields` finds the
 * same and names the fields. The elements of a list are all messages, or none is.
 */
function hasInvalidTime(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Date) return Number.isNaN(value.getTime());
  if (Array.isArray(value)) return typeof value[0] === "object" && value.some(hasInvalidTime);
  for (const name in value) if (hasInvalidTime((value as Record<string, unknown>)[name])) return true;
  return false;
}

/** Returns a violation that names the list with too many messages, or the request if no list is too long. */
function tooManyMessages(request: object): Violation {
  const list = Object.entries(request).find(([, value]) => Array.isArray(value) && value.length > limits.batchItems);
  if (list) return { field: snakeCase(list[0]), description: `must be at most ${limits.batchItems} items` };
  return { field: "request", description: `must be at most ${limits.requestMessages} messages in all` };
}

/** Returns a violation for each unknown field, each field of another type, and each time out of range. */
function malformedFields(message: object, path: string, found: Violation[] = []): Violation[] {
  for (const name in message) {
    const value = (message as Record<string, unknown>)[name];
    if (typeof value !== "object" || value === null) continue;
    if (value instanceof Date && Number.isNaN(value.getTime()))
      found.push({ field: `${path}${snakeCase(name)}`, description: "must be a time of the years 1 to 9999" });
    else if (name !== "_unknownFields") malformedFields(value, `${path}${snakeCase(name)}.`, found);
    else
      for (const tag of Object.keys(value))
        found.push({
          field: path.slice(0, -1) || "request",
          description: `must not have field number ${Number(tag) >>> 3}, which is unknown or of another type`,
        });
  }
  return found;
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Returns a digest of method, request and author, if one is given. Excludes the request id, which is the same in upper and
 * lower case.
 */
export function fingerprintOf(
  method: Method,
  request: object,
  author?: Pick<Author, "actor" | "actingUserId">,
): string {
  const bytes = method.requestSerialize({ ...request, requestId: undefined });
  const digest = createHash("sha256").update(method.path).update("\0").update(bytes);
  if (author) digest.update(`\0${author.actor}\0${author.actingUserId}`);
  return digest.digest("hex");
}
