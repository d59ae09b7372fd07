import { limits } from "./limits";
import { isDescription, isName } from "./text";

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

/** Parses a text: returns the value, or the rule that the text breaks. */
export type Parse<T> = (text: string) => { readonly value: T } | { readonly rule: string };

/** Matches what the rule for ids allows: printable ASCII characters without spaces. */
export const idPattern = new RegExp(`^[!-~]{1,${limits.idLength}}$`);

export const isId = (text: string): boolean => idPattern.test(text);

/** Parses an id, and keeps it byte for byte. */
export function parseId<T extends string>(text: string): { value: T } | { rule: string } {
  return isId(text)
    ? { value: text as T }
    : { rule: `must be 1–${limits.idLength} printable ASCII characters without spaces` };
}

function parseLine<T extends string>(text: string, length: number): { value: T } | { rule: string } {
  const line = text.trim();
  if (isName(line, length)) return { value: line as T };
  const characters = `must be 1–${length} characters after trimming, with at least one visible character`;
  return { rule: `${characters} and without control characters or bidirectional overrides` };
}

/** Parses the name of a role or of a permission. */
export const parseName: Parse<Name> = (text) => parseLine(text, limits.nameLength);

/** Parses the display name of an environment. */
export const parseDisplayName: Parse<Name> = (text) => parseLine(text, limits.displayNameLength);

export const parseDescription: Parse<Description> = (text) => {
  if (isDescription(text, limits.descriptionLength)) return { value: text as Description };
  const characters = `must be at most ${limits.descriptionLength} characters`;
  return { rule: `${characters}, without bidirectional overrides or control characters except newline and tab` };
};

const permissionSlugPattern = new RegExp(`^[a-z0-9\\-.:_*]{1,${limits.slugLength}}$`);

export const parsePermissionSlug: Parse<PermissionSlug> = (text) =>
  permissionSlugPattern.test(text)
    ? { value: text as PermissionSlug }
    : { rule: `must be 1–${limits.slugLength} characters of a–z, 0–9 and - . : _ *` };

export const parseEtag: Parse<string> = (text) =>
  isId(text) ? { value: text } : { rule: "must be an etag that the server returned" };

/** Parses a UUID of any version into lower case. */
export const parseRequestId: Parse<RequestId> = (text) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
    ? { value: text.toLowerCase() as RequestId }
    : { rule: "must be a UUID" };
