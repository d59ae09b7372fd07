import { type Refusal, refuse } from "../domain/errors";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const refuseRequest = (description: string): Refusal =>
  refuse.invalidFields([{ field: "request", description }]);

export const invalidJson = (): Refusal => refuseRequest("must be valid JSON");

/** Returns the text of a body. Throws INVALID_FIELDS for bytes that are no UTF-8. */
export function parseText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw refuseRequest("must be JSON in UTF-8");
  }
}

/** Returns the object that a text is in JSON. Throws INVALID_FIELDS for any other text. */
export function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidJson();
  }
  if (!isObject(value)) throw refuseRequest("must be a JSON object");
  return value;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns the key that a text has twice, which a parsed value no longer shows, from the error of the protobuf library. */
export const repeatedKeyOf = (error: unknown): string | undefined =>
  /duplicate object key "([^]*)"$/.exec((error as Error).message)?.[1];
