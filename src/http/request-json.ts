import { type DescField, type DescMessage, ScalarType, fromJsonString, toBinary } from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { type Violation, refuse } from "../domain/errors";
import { limits } from "../domain/limits";
import type { HttpMethod } from "./methods";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const refuseRequest = (description: string) => refuse.invalidFields([{ field: "request", description }]);

/**
 * Returns a request in JSON as protobuf. Throws INVALID_FIELDS for anything that is not exactly a message: a name that is
 * guessed wrong, or given twice, would otherwise change what the request means.
 */
export function readRequestJson(bytes: Uint8Array, { input, registry }: HttpMethod): Buffer {
  const text = parseText(bytes);
  const found = new Violations();
  checkMessage(input, parseObject(text), "", found);
  found.check();
  try {
    // scans the text for keys that are given twice, which a parsed value no longer has
    return Buffer.from(toBinary(input, fromJsonString(input, text, { registry, ignoreUnknownFields: false })));
  } catch (error) {
    throw refuse.invalidFields([violationOf(error)]);
  }
}

function parseText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw refuseRequest("must be JSON in UTF-8");
  }
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuseRequest("must be valid JSON");
  }
  if (!isObject(value)) throw refuseRequest("must be a JSON object");
  return value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Collects violations, and counts the messages of a request. */
class Violations {
  private readonly found: Violation[] = [];
  private total = 0;
  private messages = 0;

  add(field: string, description: string): void {
    this.total += 1;
    if (this.found.length < limits.violations) this.found.push({ field, description });
  }

  /** Counts messages. Throws if the request has more of them than any valid one. */
  count(field: string, messages: number): void {
    this.messages += messages;
    if (this.messages <= limits.requestMessages) return;
    throw messages > limits.batchItems
      ? refuse.invalidFields([{ field, description: `must be at most ${limits.batchItems} items` }])
      : refuseRequest(`must be at most ${limits.requestMessages} messages in all`);
  }

  check(): void {
    if (this.total) throw refuse.invalidFields(this.found, this.total);
  }
}

/** Checks the names and the kinds of values of a message. Recursion ends where the messages of the API do. */
function checkMessage(message: DescMessage, value: object, path: string, found: Violations): void {
  const given = new Set<DescField>();
  for (const [name, item] of Object.entries(value)) {
    const field = message.fields.find((one) => one.jsonName === name || one.name === name);
    if (!field) found.add(`${path}${shown(name)}`, `is not a field of ${message.typeName}`);
    else if (given.has(field)) found.add(`${path}${field.name}`, "must be given once");
    else if (item !== null) checkField(field, item, `${path}${field.name}`, found);
    if (field) given.add(field);
  }
}

function checkField(field: DescField, value: unknown, path: string, found: Violations): void {
  if (field.fieldKind === "map") {
    if (!isObject(value)) found.add(path, "must be a JSON object");
  } else if (field.fieldKind !== "list") checkSingle(field, value, path, found);
  else if (!Array.isArray(value)) found.add(path, "must be a list");
  else {
    if (field.listKind === "message") found.count(path, value.length);
    for (const [index, item] of value.entries()) checkSingle(field, item, `${path}[${index}]`, found);
  }
}

function checkSingle(field: DescField, value: unknown, path: string, found: Violations): void {
  const { message } = field;
  if (message && !message.typeName.startsWith("google.protobuf.")) {
    if (isObject(value)) checkMessage(message, value, `${path}.`, found);
    else found.add(path, "must be a JSON object");
  } else if (message) {
    if (typeof value !== "string") found.add(path, "must be a string");
  } else if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) {
    if (typeof value !== "string") found.add(path, "must be a string");
  } else if (field.scalar === ScalarType.BOOL) {
    if (typeof value !== "boolean") found.add(path, "must be true or false");
  } else if (typeof value !== "number" && typeof value !== "string") found.add(path, "must be a number or a name");
}

/** Returns what the library says about a value, by the name of its field. */
function violationOf(error: unknown): Violation {
  const { cause, message } = error as Error;
  const twice = /duplicate object key "([^]*)"$/.exec(message)?.[1];
  if (twice !== undefined) return { field: shown(twice), description: "must be given once" };
  if (!isFieldError(cause)) return { field: "request", description: "must be a valid message in JSON" };
  return { field: cause.field().name, description: "must be a valid value of its type" };
}

/** Shortens a name that the API does not have. */
const shown = (name: string) => (name.length > limits.idLength ? `${name.slice(0, limits.idLength)}…` : name);
