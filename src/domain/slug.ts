import { limits } from "./limits";
import type { Branded, Parse } from "./values";

/** A valid slug of a role: it names at most one effective role in any organization. */
export type Slug = Branded<"Slug">;

const shape = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/;
const rule = `must be 1–${limits.slugLength} characters of a–z, 0–9, - and _, without leading, trailing or consecutive separators`;
const organizationPrefix = "org-";

/** Any slug, as a reference to an existing role. */
export const parseSlug: Parse<Slug> = (text) =>
  text.length <= limits.slugLength && shape.test(text) ? { value: text as Slug } : { rule };

/** An environment role's slug: the prefix `org-` is kept for organizations. */
export const parseEnvironmentSlug: Parse<Slug> = (text) => {
  const slug = parseSlug(text);
  return "value" in slug && text.startsWith(organizationPrefix)
    ? { rule: "must not begin with org-, which is kept for custom roles" }
    : slug;
};

/** A custom role's explicit slug. */
export const parseCustomSlug: Parse<Slug> = (text) => {
  const slug = parseSlug(text);
  return "value" in slug && !text.startsWith(organizationPrefix)
    ? { rule: "must begin with org-, or be absent to have one generated" }
    : slug;
};

/**
 * Returns where no two live roles may have the slug. An explicit slug of a custom role is unique in its organization;
 * every other slug is unique in the whole environment, so that no environment role meets a custom role of the same slug.
 */
export const slugUniqueness = (slug: Slug): "organization" | "environment" =>
  slug.startsWith(organizationPrefix) ? "organization" : "environment";

/** A custom role's slug where it comes from an export: as one was given, or as one was generated. */
export const parseRestoredSlug: Parse<Slug> = (text) => {
  const slug = parseSlug(text);
  return "value" in slug && !text.startsWith(organizationPrefix) && !/.-[0-9a-z]{6}$/.test(text)
    ? { rule: "must begin with org-, or end with - and six characters as generated slugs do" }
    : slug;
};

const cut = (text: string, length: number) => text.slice(0, length).replace(/[-_]$/, "");

/**
 * The part of a slug that comes from a name. Never empty, never `org` and never beginning with `org-`, so that
 * only explicit slugs begin with `org-`.
 */
export function slugStem(name: string): string {
  const stem = name
    .toLowerCase()
    .replace(/\s+/gu, "-")
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/([-_])[-_]+/g, "$1")
    .replace(/^[-_]|[-_]$/g, "")
    .replace(/^(?:org(?:-|$))+/, "");
  return stem || "role";
}

/** The slug of a custom role that was created without one: its name, and the last characters of its id. */
export function generateSlug(name: string, roleId: string): Slug {
  const suffix = roleId.slice(-limits.generatedSlugSuffixLength).toLowerCase();
  return `${cut(slugStem(name), limits.generatedSlugStemLength)}-${suffix}` as Slug;
}

/** The explicit slug a form would pre-fill: the first of `org-name`, `org-name-2`, … that is not taken. */
export function suggestCustomSlug(name: string, taken: ReadonlySet<string>): Slug {
  const stem = organizationPrefix + slugStem(name);
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? "" : `-${number}`;
    const slug = cut(stem, limits.slugLength - suffix.length) + suffix;
    if (!taken.has(slug)) return slug as Slug;
  }
}
