import { refuse } from "../domain/errors";
import { invalidJson, refuseRequest } from "./json-text";

/** Levels of nesting that no message of the API reaches. */
const mostLevels = 32;

/** Values that no member or element of a valid request has. Each costs the process many times its own bytes. */
const mostValues = 10_000;

/** Size from which elements of a list are a part of their own: about a millisecond of work. */
const partSize = { characters: 16 * 1024, values: 1000 };

/** A part of an object in JSON: one member, or some elements of a member that is a list. */
export interface JsonPart {
  /** The text of an object with nothing else. */
  readonly text: string;
  /** The index of the first element. */
  readonly first: number;
}

/** A field of the message that an object is. */
export interface Member {
  readonly jsonName: string;
  /** Its name in violations. */
  readonly name: string;
  readonly fieldKind: string;
}

/** Returns the field of a member by its name, undefined if the member is to be left out. */
export type FindMember = (key: string) => Member | undefined;

const codes = {
  quote: 34,
  comma: 44,
  colon: 58,
  backslash: 92,
  open: 91,
  close: 93,
  openObject: 123,
  closeObject: 125,
};

/**
 * Divides the text of an object into parts that are parsed one after the other, in slices of time. The parts are valid JSON
 * only if the object is. Throws INVALID_FIELDS for text that is no object, and for a value that is nested deeper or has more
 * values than any valid one.
 */
export function divideObject(text: string, find: FindMember): Generator<JsonPart> {
  return new Division(text, find).parts();
}

/** Throws INVALID_FIELDS for text with more levels or values than any valid value, before anything is made of it. */
export function limitJson(text: string): void {
  new Division(text, () => undefined).skipValue(() => "request");
}

class Division {
  private position = 0;
  private readonly others: string[] = [];

  constructor(
    private readonly text: string,
    private readonly find: FindMember,
  ) {}

  *parts(): Generator<JsonPart> {
    this.take(codes.openObject, "must be a JSON object");
    if (this.next() === codes.closeObject) this.position += 1;
    else
      do yield* this.member();
      while (this.goesOn(codes.closeObject));
    if (!Number.isNaN(this.next())) throw invalidJson();
    yield { text: `{${this.others.join()}}`, first: 0 };
  }

  private *member(): Generator<JsonPart> {
    const key = this.key();
    this.take(codes.colon);
    const member = this.find(key);
    if (member?.fieldKind === "list" && this.next() === codes.open) return yield* this.list(member);
    const start = this.position;
    this.skipValue(() => member?.name ?? key);
    if (member) this.others.push(`"${member.jsonName}":${this.text.slice(start, this.position)}`);
  }

  private *list({ name, jsonName }: Member): Generator<JsonPart> {
    this.take(codes.open);
    let index = 0;
    const path = () => `${name}[${index}]`;
    for (let goesOn = this.next() !== codes.close; goesOn; ) {
      const first = index;
      const start = this.position;
      let [end, values] = [start, 0];
      while (goesOn && end - start < partSize.characters && values < partSize.values) {
        values += this.skipValue(path);
        end = this.position;
        index += 1;
        goesOn = this.goesOn(codes.close);
      }
      yield { text: `{"${jsonName}":[${this.text.slice(start, end)}]}`, first };
    }
    if (!index) this.position += 1;
  }

  private key(): string {
    const start = this.position;
    this.take(codes.quote);
    this.position -= 1;
    this.skipString();
    this.position += 1;
    try {
      return JSON.parse(this.text.slice(start, this.position)) as string;
    } catch {
      throw invalidJson();
    }
  }

  /** Skips a value, and returns the number of values in it. */
  skipValue(path: () => string): number {
    const start = this.position;
    let [depth, values] = [0, 1];
    for (; this.position < this.text.length; this.position += 1) {
      const code = this.text.charCodeAt(this.position);
      if (code === codes.quote) this.skipString();
      else if (code === codes.open || code === codes.openObject) {
        depth += 1;
        values += 1;
        if (depth > mostLevels) throw tooMuch(path(), `must have at most ${mostLevels} levels`);
      } else if (code === codes.comma || code === codes.close || code === codes.closeObject) {
        if (!depth) break;
        if (code === codes.comma) values += 1;
        else depth -= 1;
        if (values > mostValues) throw tooMuch(path(), `must have at most ${mostValues} values`);
      }
    }
    if (this.position === start) throw invalidJson();
    return values;
  }

  /** Moves to the last quote of a string. */
  private skipString(): void {
    for (this.position += 1; this.position < this.text.length; this.position += 1) {
      const code = this.text.charCodeAt(this.position);
      if (code === codes.quote) return;
      if (code === codes.backslash) this.position += 1;
    }
    throw invalidJson();
  }

  /** Skips a comma, and returns true, or the end, and returns false. */
  private goesOn(end: number): boolean {
    const code = this.next();
    if (code !== codes.comma && code !== end) throw invalidJson();
    this.position += 1;
    if (code === codes.comma) this.next();
    return code === codes.comma;
  }

  private take(code: number, description = "must be valid JSON"): void {
    if (this.next() !== code) throw refuseRequest(description);
    this.position += 1;
    this.next();
  }

  /** Skips white space. Returns the code of the next character, NaN at the end. */
  private next(): number {
    for (; ; this.position += 1) {
      const code = this.text.charCodeAt(this.position);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return code;
    }
  }
}

const tooMuch = (field: string, description: string) => refuse.invalidFields([{ field, description }]);
