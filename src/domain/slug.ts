import { limits } from "./limits";
import type { Branded, Parse } from "./values";

/** A valid slug of a role. It names at most one effective role in any organization. */
export type Slug = Branded<"Slug">;

const shape = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/;
const rule = `must be 1–${limits.slugLength} characters of a–z, 0–9, - and _, without leading, trailing or consecutive separators`;
const organizationPrefix = "org-";
const generatedPattern = new RegExp(`.-[0-9a-z]{${limits.generatedSlugSuffixLength}}$`);

/** Parses any slug that refers to an existing role. */
export const parseSlug: Parse<Slug> = (text) =>
  text.length <= limits.slugLength && shape.test(text) ? { value: text as Slug } : { rule };

/** Parses the slug of a new environment role. The prefix `org-` is reserved for custom roles. */
export const parseEnvironmentSlug: Parse<Slug> = (text) => {
  const slug = parseSlug(text);
  return "value" in slug && text.startsWith(organizationPrefix)
    ? { rule: 'must not begin with "org-", which is reserved for custom roles' }
    : slug;
};

/** Parses the explicit slug of a new custom role. */
export const parseCustomSlug: Parse<Slug> = (text) => {
  const slug = parseSlug(text);
  return "value" in slug && !text.startsWith(organizationPrefix)
    ? { rule: 'must begin with "org-", or be absent for a generated slug' }
    : slug;
};

/**
 * Returns where no two live roles may have the slug. An explicit slug of a custom role is unique in its organization;
 * every other slug is unique in the whole environment, so that no environment role meets a custom role of the same slug.
 */
export const slugUniqueness = (slug: Slug): "organization" | "environment" =>
  slug.startsWith(organizationPrefix) ? "organization" : "environment";

/** Parses the slug of a custom role from an export: an explicit slug or a generated one. */
export const parseRestoredSlug: Parse<Slug> = (text) => {
  const slug = parseSlug(text);
  return "value" in slug && !text.startsWith(organizationPrefix) && !generatedPattern.test(text)
    ? { rule: 'must begin with "org-", or end with "-" and six characters like a generated slug' }
    : slug;
};

const cut = (text: string, length: number) => text.slice(0, length).replace(/[-_]$/, "");

/**
 * Returns the part of a slug that comes from a name. It is never empty, is never `org` and never begins with `org-`:
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

/** Returns the slug of a custom role that is created without one: its name and the last characters of its id. */
export function generateSlug(name: string, roleId: string): Slug {
  const suffix = roleId.slice(-limits.generatedSlugSuffixLength).toLowerCase();
  return `${cut(slugStem(name), limits.generatedSlugStemLength)}-${suffix}` as Slug;
}

/** Returns the explicit slug that a form pre-fills for a custom role: the first of `org-name`, `org-name-2`, … that is free. */
export const suggestCustomSlug = (name: string, taken: ReadonlySet<string>): Slug =>
  firstFree(organizationPrefix + slugStem(name), taken);

/** Returns the slug that a form pre-fills for an environment role: the first of `name`, `name-2`, … that is free. */
export const suggestEnvironmentSlug = (name: string, taken: ReadonlySet<string>): Slug =>
  firstFree(slugStem(name), taken);

function firstFree(stem: string, taken: ReadonlySet<string>): Slug {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? "" : `-${number}`;
    const slug = cut(stem, limits.slugLength - suffix.length) + suffix;
    if (!taken.has(slug)) return slug as Slug;
  }
}
