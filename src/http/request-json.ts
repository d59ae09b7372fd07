import { type DescField, type DescMessage, ScalarType, fromJsonString, toBinary } from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import { FewAtOnce, type Requester, stillThere } from "../connections/few-at-once";
import { type Violation, refuse } from "../domain/errors";
import { limits } from "../domain/limits";
import { Slice } from "../event-loop/time-slices";
import { type FindMember, divideObject } from "./json-parts";
import { isObject, parseObject, parseText, refuseRequest, repeatedKeyOf } from "./json-text";
import type { HttpMethod } from "./methods";

/** Bytes of a request from which it is read in parts: smaller ones take a millisecond or two. */
const large = 16 * 1024;

/** The characters of a time or a mask. */
const longestText = 1000;

/** Reads large requests. Those that wait do so as they arrived: what is made of them takes many times more. */
const reading = new FewAtOnce(2);

/**
 * Returns a request in JSON as protobuf. Throws INVALID_FIELDS for anything that is not exactly a message: a name that is
 * guessed wrong, or given twice, would otherwise change what the request means. Reads a large request in slices of time.
 */
export function readRequestJson(bytes: Uint8Array, method: HttpMethod, requester: Requester): Buffer | Promise<Buffer> {
  return bytes.length < large
    ? readSmallRequest(bytes, method)
    : reading.do(requester, bytes, (own) => readLargeRequest(own, method, requester));
}

/** Reads a request as a whole. */
export function readSmallRequest(bytes: Uint8Array, method: HttpMethod): Buffer {
  const found = new Violations();
  const text = parseText(bytes);
  checkMessage(method.input, parseObject(text), "", found);
  found.check();
  return toProtobuf(text, method);
}

/** Reads a request part by part. Does the same as `readSmallRequest`: protobuf joins the elements of a list from its parts. */
export async function readLargeRequest(bytes: Uint8Array, method: HttpMethod, requester: Requester): Promise<Buffer> {
  const slice = new Slice(stillThere(requester));
  const found = new Violations();
  const messages: Buffer[] = [];
  let failure: unknown;
  for (const { text, first } of divideObject(parseText(bytes), finder(method.input, found))) {
    checkMessage(method.input, parseObject(text), "", found, first);
    if (!found.any && failure === undefined)
      try {
        messages.push(toProtobuf(text, method));
      } catch (error) {
        failure = error;
      }
    const ended = slice.end();
    if (ended) await ended;
  }
  found.check();
  if (failure !== undefined) throw failure;
  return Buffer.concat(messages);
}

/** Returns a function that finds a message's fields, and notes names that are unknown or given twice. */
function finder(message: DescMessage, found: Violations): FindMember {
  const given = new Set<DescField>();
  let others = 0;
  return (key) => {
    const field = fieldOf(message, key);
    if (field && !given.has(field)) {
      given.add(field);
      return field;
    }
    found.add(field?.name ?? shown(key), field ? twice : unknownIn(message));
    others += 1;
    if (others > limits.unknownFields) found.check(); // throws: the rest says nothing new
    return undefined;
  };
}

const fieldOf = (message: DescMessage, key: string) =>
  message.fields.find(({ jsonName, name }) => jsonName === key || name === key);

const twice = "must be given once";
const unknownIn = ({ typeName }: DescMessage) => `is not a field of ${typeName}`;

function toProtobuf(text: string, { input, registry }: HttpMethod): Buffer {
  try {
    // scans the text for keys that are given twice, which a parsed value no longer has
    return Buffer.from(toBinary(input, fromJsonString(input, text, { registry, ignoreUnknownFields: false })));
  } catch (error) {
    throw refuse.invalidFields([violationOf(error)]);
  }
}

/** Collects violations, and counts the messages of a request. */
class Violations {
  private readonly found: Violation[] = [];
  private total = 0;
  private messages = 0;

  add(field: string, description: string): void {
    this.total += 1;
    if (this.found.length < limits.violations) this.found.push({ field, description });
  }

  get any(): boolean {
    return this.total > 0;
  }

  /** Counts messages of a list, after `first` others of it. Throws if the request has more of them than any valid one. */
  count(field: string, messages: number, first: number): void {
    this.messages += messages;
    if (this.messages <= limits.requestMessages) return;
    throw first + messages > limits.batchItems
      ? refuse.invalidFields([{ field, description: `must be at most ${limits.batchItems} items` }])
      : refuseRequest(`must be at most ${limits.requestMessages} messages in all`);
  }

  check(): void {
    if (this.total) throw refuse.invalidFields(this.found, this.total);
  }
}

/**
 * Checks the names and the kinds of values of a message, of whose lists `first` elements came before. Recursion ends where
 * the messages of the API do.
 */
function checkMessage(message: DescMessage, value: object, path: string, found: Violations, first = 0): void {
  const given = new Set<DescField>();
  for (const [name, item] of Object.entries(value)) {
    const field = fieldOf(message, name);
    if (!field) found.add(`${path}${shown(name)}`, unknownIn(message));
    else if (given.has(field)) found.add(`${path}${field.name}`, twice);
    else if (item !== null) checkField(field, item, `${path}${field.name}`, found, first);
    if (field) given.add(field);
  }
}

function checkField(field: DescField, value: unknown, path: string, found: Violations, first: number): void {
  if (field.fieldKind === "map") {
    if (!isObject(value)) found.add(path, "must be a JSON object");
  } else if (field.fieldKind !== "list") checkSingle(field, value, path, found);
  else if (!Array.isArray(value)) found.add(path, "must be a list");
  else {
    if (field.listKind === "message") found.count(path, value.length, first);
    for (const [index, item] of value.entries()) checkSingle(field, item, `${path}[${first + index}]`, found);
  }
}

function checkSingle(field: DescField, value: unknown, path: string, found: Violations): void {
  const { message } = field;
  if (message && !message.typeName.startsWith("google.protobuf.")) {
    if (isObject(value)) checkMessage(message, value, `${path}.`, found);
    else found.add(path, "must be a JSON object");
  } else if (message) {
    if (typeof value !== "string") found.add(path, "must be a string");
    else if (value.length > longestText) found.add(path, `must be at most ${longestText} characters`);
  } else if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) {
    if (typeof value !== "string") found.add(path, "must be a string");
  } else if (field.scalar === ScalarType.BOOL) {
    if (typeof value !== "boolean") found.add(path, "must be true or false");
  } else if (typeof value !== "number" && typeof value !== "string") found.add(path, "must be a number or a name");
}

/** Returns what the library says about a value, by the name of its field. */
function violationOf(error: unknown): Violation {
  const { cause } = error as Error;
  const doubled = repeatedKeyOf(error);
  if (doubled !== undefined) return { field: shown(doubled), description: twice };
  if (!isFieldError(cause)) return { field: "request", description: "must be a valid message in JSON" };
  return { field: cause.field().name, description: "must be a valid value of its type" };
}

/** Shortens a name that the API does not have. */
const shown = (name: string) => (name.length > limits.idLength ? `${name.slice(0, limits.idLength)}…` : name);
