import { limits } from "./limits";
import { isDescription, isName } from "./text";
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
  private violationCount = 0;

  required<T>(field: string, text: string | undefined, parse: Parse<T>): T {
    const result = parse(text ?? "");
    if ("value" in result) return result.value;
    return this.refuse(field, text ? result.rule : "is required") as T;
  }

  /** An optional field is absent or valid; set but empty is not absent. */
  optional<T>(field: string, text: string | undefined, parse: Parse<T>): T | undefined {
    if (text === undefined) return undefined;
    const result = parse(text);
    return "value" in result ? result.value : this.refuse(field, result.rule);
  }

  /** A list that is a set: each element is parsed, repeats count once. */
  set<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    return [...new Set(this.list(field, texts, parse))];
  }

  /** A list of which each element is parsed. Of one that is too long none is. */
  list<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    if (texts.length > limits.listItems) {
      this.refuse(field, `must be at most ${limits.listItems} items`);
      return [];
    }
    return texts.map((text, index) => {
      const result = parse(text);
      return "value" in result ? result.value : (this.refuse(`${field}[${index}]`, result.rule) as T);
    });
  }

  /** The items of a batch: at least one, and not too many; of too many none is looked at. */
  batch<T>(field: string, items: readonly T[]): readonly T[] {
    if (items.length >= 1 && items.length <= limits.batchItems) return items;
    this.refuse(field, `must be 1–${limits.batchItems} items`);
    return [];
  }

  /** The paths of an update mask: at least one, each of them allowed. */
  mask<Path extends string>(paths: readonly string[] | undefined, allowed: readonly Path[]): ReadonlySet<Path> {
    const rule = `must be one of ${allowed.join(", ")}`;
    if (!paths?.length) this.refuse("update_mask", `is required: one or more of ${allowed.join(", ")}`);
    const named = this.set("update_mask.paths", paths ?? [], (path) => {
      const value = allowed.find((other) => other === path);
      return value ? { value } : { rule };
    });
    return new Set(named);
  }

  /** Notes a violation. Only as many are kept as a refusal names. */
  refuse(field: string, description: string): undefined {
    this.violationCount += 1;
    if (this.violations.length < limits.violations) this.violations.push({ field, description });
  }

  check(): void {
    const refusal = this.refusal();
    if (refusal) throw refusal;
  }

  refusal(): Refusal | undefined {
    return this.violationCount ? refuse.invalidFields(this.violations, this.violationCount) : undefined;
  }
}

/** 1–64 printable ASCII characters without spaces, kept byte for byte. */
export function parseId<T extends string>(text: string): { value: T } | { rule: string } {
  return /^[!-~]{1,64}$/.test(text)
    ? { value: text as T }
    : { rule: `must be 1–${limits.idLength} printable ASCII characters without spaces` };
}

function parseLine<T extends string>(text: string, length: number): { value: T } | { rule: string } {
  const line = text.trim();
  if (isName(line, length)) return { value: line as T };
  const characters = `must be 1–${length} characters after trimming`;
  return {
    rule: `${characters}, at least one of them visible, without control characters and bidirectional overrides`,
  };
}

/** A name of a role or a permission. */
export const parseName: Parse<Name> = (text) => parseLine(text, limits.nameLength);

/** A name of an environment. */
export const parseDisplayName: Parse<Name> = (text) => parseLine(text, limits.displayNameLength);

/** 0–150 characters. */
export const parseDescription: Parse<Description> = (text) => {
  if (isDescription(text, limits.descriptionLength)) return { value: text as Description };
  const characters = `must be at most ${limits.descriptionLength} characters`;
  return { rule: `${characters}, without bidirectional overrides and control characters but newline and tab` };
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
