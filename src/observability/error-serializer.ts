import { Refusal } from "../domain/errors";
import { Fault } from "../domain/fault";
import { escapeUnseen } from "../display/shown-text";
import { explanationOf } from "../display/database-error-codes";
import { statementOf } from "../display/failed-statements";

/** An error in the form that the log contains. */
export interface SerializedError {
  /** The name of its class. */
  readonly type: string;
  /** The service's own text, or the meaning of the number. */
  readonly message?: string | undefined;
  /** The reason of a refusal. */
  readonly reason?: string | undefined;
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
  readonly sqlState?: string | undefined;
  readonly syscall?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** The SQL with placeholders. */
  readonly statement?: string | undefined;
  /** The frames, without the message. */
  readonly stack?: string | undefined;
  readonly cause?: SerializedError | undefined;
  readonly errors?: readonly SerializedError[] | undefined;
}

/** Maximum number of characters of all texts of an error with its causes, and of single texts. */
const limits = { all: 5000, message: 500, statement: 1000, stack: 1500 };
const deepest = 4;
const mostErrors = 4;

/**
 * Converts a thrown value into the form that a log may contain. It copies only known properties: the messages of
 * libraries and all other properties may contain values of a request or of the database.
 */
export function serializeError(thrown: unknown): SerializedError {
  try {
    return new Serialization().of(thrown, deepest) ?? { type: typeof thrown };
  } catch {
    return { type: "Error", message: "an error that cannot be read" }; // a getter or a proxy has thrown
  }
}

/** Describes an error and its causes for the person who runs a command. The text of a bug includes its stack. */
export function describeError(thrown: unknown): string {
  const serialized = serializeError(thrown);
  // the message of a refusal contains only values that the user of the command has given
  const first = thrown instanceof Refusal ? { ...serialized, message: thrown.message } : serialized;
  const texts: string[] = [];
  let source: unknown = thrown;
  for (let error: SerializedError | undefined = first; error; error = error.cause) {
    texts.push(sentenceOf(error));
    if (!error.cause || (source instanceof Fault && source.explainsItself)) break;
    source = (source as Error).cause;
  }
  const isBug = first.message === undefined && first.code === undefined && first.errno === undefined;
  return escapeUnseen(texts.join(": ")) + (isBug && first.stack ? `\n${first.stack}` : "");
}

function sentenceOf({ type, message = type, code, errno = 0, syscall, address, port }: SerializedError): string {
  const number = errno > 0 ? errno : code;
  const where = [syscall, address && (port === undefined ? address : `${address}:${port}`)].filter(Boolean).join(" ");
  return (where && `${where}: `) + message + (number === undefined ? "" : ` (${number})`);
}

interface Fields {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly sqlState?: unknown;
  readonly syscall?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly errors?: unknown;
}

class Serialization {
  private room = limits.all;
  private readonly seen = new Set<object>();

  /** Returns undefined if the value is not an error or was already serialized. */
  of(thrown: unknown, depth: number): SerializedError | undefined {
    if (!(thrown instanceof Error) || depth === 0 || this.seen.has(thrown)) return undefined;
    this.seen.add(thrown);
    const { code, errno, sqlState, syscall, address, port, errors }: Fields & Error = thrown;
    return {
      type: typeOf(thrown),
      message: this.cut(messageOf(thrown), limits.message),
      reason: thrown instanceof Refusal ? thrown.reason : undefined,
      code: word(code),
      errno: typeof errno === "number" ? errno : undefined,
      sqlState: word(sqlState),
      syscall: word(syscall),
      address: word(address),
      port: typeof port === "number" ? port : undefined,
      statement: this.cut(withoutLiterals(statementOf(thrown)), limits.statement),
      stack: this.cut(framesOf(thrown), limits.stack),
      cause: this.of(thrown.cause, depth - 1),
      errors: Array.isArray(errors)
        ? errors.slice(0, mostErrors).flatMap((error) => this.of(error, depth - 1) ?? [])
        : undefined,
    };
  }

  private cut(text: string | undefined, most: number): string | undefined {
    if (text === undefined) return undefined;
    const length = Math.min(most, this.room);
    const shown = escapeUnseen(text);
    this.room -= Math.min(length, shown.length);
    return shown.length > length ? `${shown.slice(0, length)}…` : shown;
  }
}

/** Returns the name of the class. `error.name` may contain any value, except for the errors of the platform. */
function typeOf(error: Error): string {
  const name: unknown = error instanceof DOMException ? error.name : error.constructor.name;
  return typeof name === "string" && /^\w{1,64}$/.test(name) ? name : "Error";
}

function messageOf(error: Error): string | undefined {
  if (error instanceof Fault) return error.message;
  // the metadata or the violations of a refusal contain every variable part of its message
  if (error instanceof Refusal)
    return Object.keys(error.metadata).length || error.details.violations ? undefined : error.message;
  return explanationOf(error);
}

const word = (value: unknown) => (typeof value === "string" && /^[\w.:-]{1,64}$/.test(value) ? value : undefined);

/** Replaces literals in a statement by placeholders, and shortens long lists of placeholders. */
function withoutLiterals(sql: string | undefined): string | undefined {
  return sql
    ?.slice(0, 20_000)
    .replace(/'(?:[^'\\]|\\.|'')*'?/gs, "?")
    .replace(/(?:\([?, ]+\)|\?)(?:,\s*(?:\([?, ]+\)|\?)){3,}/g, "?, …")
    .replace(/\s+/g, " ");
}

/** Returns only the frames. The message before them could contain lines that look like frames. */
function framesOf({ stack, message }: Error): string | undefined {
  if (typeof stack !== "string") return undefined;
  const start = stack.indexOf(message);
  if (start < 0 || start > 128) return undefined; // the message was changed after the stack was captured
  const frames = stack
    .slice(start + message.length)
    .split("\n")
    .filter((line) => /^ {4}at .*(?::\d+:\d+\)?|\))$/.test(line) || /^ {4}at .*<anonymous>\)?$/.test(line));
  return frames.length ? frames.slice(0, 10).join("\n") : undefined;
}
