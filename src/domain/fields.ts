import { limits } from "./limits";
import { type Refusal, type Violation, refuse } from "./errors";

declare const brand: unique symbol;
export type Branded<Brand extends string> = string & { readonly [brand]: Brand };

export type EnvironmentId = Branded<"EnvironmentId">;
export type OrganizationId = Branded<"OrganizationId">;
export type UserId = Branded<"UserId">;
export type GroupId = Branded<"GroupId">;
export type RequestId = Branded<"RequestId">;
export type Name = Branded<"Name">;
export type Description = Branded<"Description">;
export type PermissionSlug = Branded<"PermissionSlug">;

/** A parser answers the value, or the rule that the text breaks. */
export type Parse<T> = (text: string) => { readonly value: T } | { readonly rule: string };

/**
 * Reads the fields of one request and collects every violation. Values are only good after `check()`, which refuses
 * the request with all violations at once.
 */
export class Fields {
  private readonly violations: Violation[] = [];

  required<T>(field: string, text: string | undefined, parse: Parse<T>): T {
    const result = parse(text ?? "");
    if ("value" in result) return result.value;
    return this.refuse(field, result.rule) as T;
  }

  /** An optional field is absent or valid; set but empty is not absent. */
  optional<T>(field: string, text: string | undefined, parse: Parse<T>): T | undefined {
    return text === undefined ? undefined : this.required(field, text, parse);
  }

  /** A list that is a set: each element is parsed, repeats count once. */
  set<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    return [...new Set(this.list(field, texts, parse))];
  }

  list<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    return texts.map((text, index) => this.required(`${field}[${index}]`, text, parse));
  }

  /** The items of a batch: at least one, and not too many; of too many none is looked at. */
  batch<T>(field: string, items: readonly T[]): readonly T[] {
    if (items.length >= 1 && items.length <= limits.batchItems) return items;
    this.refuse(field, `must be 1–${limits.batchItems} items`);
    return [];
  }

  /** The paths of an update mask: at least one, each of them allowed. */
  mask<Path extends string>(paths: readonly string[] | undefined, allowed: readonly Path[]): ReadonlySet<Path> {
    if (!paths?.length) this.refuse("update_mask", `is required: one or more of ${allowed.join(", ")}`);
    paths?.forEach((path, index) => {
      if (!(allowed as readonly string[]).includes(path))
        this.refuse(`update_mask.paths[${index}]`, `must be one of ${allowed.join(", ")}`);
    });
    return new Set(paths as readonly Path[]);
  }

  refuse(field: string, description: string): undefined {
    this.violations.push({ field, description });
  }

  check(): void {
    const refusal = this.refusal();
    if (refusal) throw refusal;
  }

  refusal(): Refusal | undefined {
    return this.violations.length ? refuse.invalidFields(this.violations) : undefined;
  }
}

const lengthOf = (text: string) => Array.from(text).length;

/** 1–64 printable ASCII characters without spaces, kept byte for byte. */
export function parseId<T extends string>(text: string): { value: T } | { rule: string } {
  return /^[!-~]{1,64}$/.test(text)
    ? { value: text as T }
    : { rule: `must be 1–${limits.idLength} printable ASCII characters without spaces` };
}

function parseLine<T extends string>(text: string, length: number): { value: T } | { rule: string } {
  const line = text.trim();
  return lengthOf(line) >= 1 && lengthOf(line) <= length && !/\p{Cc}/u.test(line)
    ? { value: line as T }
    : { rule: `must be 1–${length} characters after trimming, without control characters` };
}

/** 1–48 characters after trimming outer whitespace, no control characters. */
export const parseName: Parse<Name> = (text) => parseLine(text, limits.nameLength);

export const parseDisplayName: Parse<Name> = (text) => parseLine(text, limits.displayNameLength);

/** 0–150 characters, no control characters but newline and tab. */
export const parseDescription: Parse<Description> = (text) =>
  lengthOf(text) <= limits.descriptionLength && !/[^\P{Cc}\n\t]/u.test(text)
    ? { value: text as Description }
    : {
        rule: `must be at most ${limits.descriptionLength} characters, without control characters but newline and tab`,
      };

/** 1–48 characters of `[a-z0-9]` and the delimiters `- . : _ *`. */
export const parsePermissionSlug: Parse<PermissionSlug> = (text) =>
  /^[a-z0-9\-.:_*]{1,48}$/.test(text)
    ? { value: text as PermissionSlug }
    : { rule: `must be 1–${limits.slugLength} characters of a–z, 0–9 and - . : _ *` };

export const parseEtag: Parse<string> = (text) =>
  /^[!-~]{1,64}$/.test(text) ? { value: text } : { rule: "must be an etag as the server returned it" };

/** A UUID of any version, in lower case. */
export const parseRequestId: Parse<RequestId> = (text) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
    ? { value: text.toLowerCase() as RequestId }
    : { rule: "must be a UUID" };
