import { z } from "zod";
import type { Blueprint, MembersBlueprint } from "../../application/blueprints/blueprint";
import { limits } from "../../domain/limits";
import { parseRestoredSlug, parseSlug } from "../../domain/slug";
import {
  type Parse,
  parseDescription,
  parseDisplayName,
  parseId,
  parseName,
  parsePermissionSlug,
} from "../../domain/values";
import type { Path, Value } from "./yaml-document";

/** The content of a document. A large document of members contains several blueprints. */
export interface DocumentContent {
  readonly environmentId: string | undefined;
  readonly blueprints: readonly Blueprint[];
}

export interface Violation {
  readonly path: Path;
  readonly rule: string;
}

/** Parses the content of a document, or returns every rule that it breaks. */
export function parseContent(
  content: ReadonlyMap<string, Value>,
): DocumentContent | { readonly violations: Violation[] } {
  const kind = isGiven(content, "environment")
    ? "environment"
    : isGiven(content, "members")
      ? "members"
      : "organization";
  const parsed = schemas[kind].safeParse(content, { error: ruleOf });
  if (parsed.success) return parsed.data;
  return {
    violations: parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({ path: [...issue.path, key], rule: issue.message }))
        : [{ path: issue.path, rule: issue.message }],
    ),
  };
}

/** Reports whether a key has a value. Null counts as no value. */
export const isGiven = (content: ReadonlyMap<string, Value>, key: string) => (content.get(key) ?? null) !== null;

const kinds: Readonly<Record<string, string>> = { string: "text", array: "a list", map: "a mapping" };

function ruleOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "invalid_type") return undefined;
  if (issue.input === undefined) return "is required";
  const rule = `must be ${kinds[issue.expected] ?? "a mapping"}`;
  return issue.input === null ? `${rule}, not null; use quotes for the text null or ~` : rule;
}

/** Makes the schema of a mapping with these keys. A key without a value, or with null, counts as absent. */
function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  const present = (value: unknown) =>
    value instanceof Map
      ? Object.fromEntries([...value].filter(([key, one]) => one !== null || !known.includes(key)))
      : value;
  const rule = `is an unknown key; the known keys are ${known.join(", ")}`;
  const error = (issue: z.core.$ZodRawIssue) => (issue.code === "unrecognized_keys" ? rule : ruleOf(issue));
  return z.preprocess(present, z.strictObject(shape, { error }));
}

const text = <T extends string>(rule: Parse<T>) =>
  z.string().superRefine((value, context) => {
    const result = rule(value);
    if ("rule" in result) context.addIssue({ code: "custom", message: result.rule });
  });
const flag = z
  .enum(["true", "True", "TRUE", "false", "False", "FALSE"], { error: "must be true or false" })
  .transform((value) => value.toLowerCase() === "true");
const oneOrMore = <T extends string>(rule: Parse<T>) =>
  z.preprocess((value) => (typeof value === "string" ? [value] : value), z.array(text(rule)));

function unique<Item>(items: z.ZodType<Item[]>, slugOf: (item: Item) => string, path: readonly string[]) {
  return items.superRefine((list, context) => {
    const seen = new Set<string>();
    list.forEach((item, index) => {
      const slug = slugOf(item);
      if (seen.has(slug)) context.addIssue({ code: "custom", path: [index, ...path], message: `repeats "${slug}"` });
      seen.add(slug);
    });
  });
}
const uniqueItems = <Item extends { readonly slug: string }>(item: z.ZodType<Item>) =>
  unique(z.array(item), ({ slug }) => slug, ["slug"]);

const permission = fields({
  slug: text(parsePermissionSlug),
  name: text(parseName),
  description: text(parseDescription).default(""),
});
const role = (slug: Parse<string>) =>
  fields({
    slug: text(slug),
    name: text(parseName),
    description: text(parseDescription).default(""),
    permissions: z.array(text(parsePermissionSlug)).default([]),
  });

const schemas = {
  environment: fields({
    environment: text(parseId),
    display_name: text(parseDisplayName).optional(),
    multiple_roles: flag.optional(),
    escalation_guard: flag.optional(),
    permissions: uniqueItems(permission).optional(),
    roles: uniqueItems(role(parseSlug)).optional(),
    default_role: text(parseSlug).optional(),
  }).transform((content) => ({
    environmentId: content.environment as string | undefined,
    blueprints: [
      {
        kind: "environment" as const,
        displayName: content.display_name,
        multipleRolesEnabled: content.multiple_roles,
        escalationGuardEnabled: content.escalation_guard,
        permissions: content.permissions,
        roles: content.roles,
        defaultRole: content.default_role,
      },
    ],
  })),
  organization: fields({
    organization: text(parseId),
    roles: uniqueItems(role(parseRestoredSlug)).optional(),
    default_role: text(parseSlug).optional(),
    priority: unique(z.array(text(parseSlug)), (slug) => slug, []).optional(),
    groups: z.map(text(parseId), text(parseSlug)).optional(),
    members: z.undefined().optional(),
  }).transform((content) => ({
    environmentId: undefined,
    blueprints: [
      {
        kind: "organization" as const,
        organizationId: content.organization,
        roles: content.roles,
        defaultRole: content.default_role,
        priority: content.priority,
        groups: content.groups,
      },
    ],
  })),
  members: fields({
    organization: text(parseId),
    members: z.map(text(parseId), oneOrMore(parseSlug)),
  }).transform(({ organization, members }) => ({
    environmentId: undefined,
    blueprints: splitIntoBatches(organization, [...members]),
  })),
};

function splitIntoBatches(organizationId: string, members: readonly [string, string[]][]): MembersBlueprint[] {
  const batches: MembersBlueprint[] = [];
  for (let start = 0; start < members.length; start += limits.batchItems)
    batches.push({
      kind: "members",
      organizationId,
      members: new Map(members.slice(start, start + limits.batchItems)),
    });
  return batches;
}
