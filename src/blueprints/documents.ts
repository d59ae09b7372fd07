import { type Document as YamlDocument, LineCounter, type YAMLError, parseDocument, stringify } from "yaml";
import { z } from "zod";
import type { Blueprint, MembersBlueprint, PermissionBlueprint, RoleBlueprint } from "../domain/blueprint";
import { Fault } from "../domain/fault";
import {
  type Parse,
  parseDescription,
  parseDisplayName,
  parseId,
  parseName,
  parsePermissionSlug,
} from "../domain/fields";
import { limits } from "../domain/limits";
import { parseRestoredSlug, parseSlug } from "../domain/slug";

/** A document is read whole; this bounds what a file needs of memory, in characters. */
const documentLength = 16 * 1024 * 1024;

/** One document of a file of blueprints. */
export interface Document {
  /** Such as `document 2 (organization acme)`. */
  readonly place: string;
  /** Of a document that describes an environment. */
  readonly environmentId: string | undefined;
  /** Large documents of members are several. */
  readonly blueprints: readonly Blueprint[];
}

export function write(environmentId: string, blueprint: Blueprint): string {
  return `---\n${stringify(contentOf(environmentId, blueprint), { lineWidth: 0, blockQuote: false })}`;
}

function contentOf(environmentId: string, blueprint: Blueprint): object {
  switch (blueprint.kind) {
    case "environment":
      return {
        environment: environmentId,
        display_name: blueprint.displayName === environmentId ? undefined : blueprint.displayName,
        multiple_roles: blueprint.multipleRolesEnabled,
        permissions: blueprint.permissions?.map(brief),
        roles: blueprint.roles?.map(brief),
        default_role: blueprint.defaultRole,
      };
    case "organization":
      return {
        organization: blueprint.organizationId,
        roles: blueprint.roles?.map(brief),
        default_role: blueprint.defaultRole,
        priority: blueprint.priority,
        groups: blueprint.groups?.size ? blueprint.groups : undefined,
      };
    case "members":
      return {
        organization: blueprint.organizationId,
        members: new Map(
          [...blueprint.members].map(([userId, roles]) => [userId, roles.length === 1 ? roles[0] : roles]),
        ),
      };
  }
}

const brief = ({ slug, name, description, permissions }: PermissionBlueprint & Partial<RoleBlueprint>) => ({
  slug,
  name,
  description: description === "" ? undefined : description,
  permissions: permissions?.length ? permissions : undefined,
});

/** The documents of a file, one after the other, from its lines. Throws a sentence that says where and what is wrong. */
export async function* read(lines: AsyncIterable<string>): AsyncGenerator<Document> {
  let text: string[] = [];
  let length = 0;
  let number = 1;
  const finish = () => {
    const document = parse(text.join("\n"), `document ${number}`);
    if (document) number += 1;
    text = [];
    length = 0;
    return document;
  };
  for await (const line of lines) {
    if (/^(?:---|\.\.\.)\s*(?:#.*)?$/.test(line)) {
      const document = finish();
      if (document) yield document;
      continue;
    }
    text.push(line);
    length += line.length + 1;
    if (length > documentLength)
      throw new Fault(
        `document ${number} is longer than ${documentLength} characters: make several of it, with --- between`,
      );
  }
  const document = finish();
  if (document) yield document;
}

/** Undefined: there is nothing in it. */
function parse(text: string, place: string): Document | undefined {
  // every scalar is text: no slug or id becomes a number, a date or nothing
  const lines = new LineCounter();
  const yaml = parseDocument(text, { schema: "failsafe", prettyErrors: false, lineCounter: lines });
  const [error] = yaml.errors;
  if (error) throw new Fault(`${place}: ${describeYamlFault(error, lines)}`);
  if (yaml.contents === null) return undefined;
  const content = contentOfYaml(yaml, place);
  const kind = kindOf(content);
  if (!kind) throw new Fault(`${place} names neither an environment nor an organization`);
  const subject = (content as Record<string, unknown>)[kind === "environment" ? "environment" : "organization"];
  const named = typeof subject === "string" && "value" in parseId(subject) ? ` ${subject}` : "";
  const where = `${place} (${kind === "environment" ? kind : "organization"}${named})`;
  const parsed = schemas[kind].safeParse(content);
  if (parsed.success) return { place: where, ...parsed.data };
  const faults = parsed.error.issues.map(({ path, message }) => `  ${pathOf(path)}: ${message}`);
  throw new Fault(`${where}:\n${faults.join("\n")}`);
}

/** The parser's words up to where they quote the file. */
function describeYamlFault({ message, pos }: YAMLError, lines: LineCounter): string {
  const { line, col } = lines.linePos(pos[0]);
  return `${/^[\w ,.()'-]*/.exec(message)?.[0] ?? "is no YAML"} at line ${line}, column ${col}`;
}

function contentOfYaml(yaml: YamlDocument, place: string): unknown {
  try {
    return yaml.toJS();
  } catch {
    throw new Fault(`${place} has an alias that cannot be resolved`); // the parser's own words repeat it
  }
}

function kindOf(content: unknown): Blueprint["kind"] | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  if ("environment" in content) return "environment";
  if (!("organization" in content)) return undefined;
  return "members" in content ? "members" : "organization";
}

const pathOf = (path: readonly PropertyKey[]) =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "") || "the document";

const text = <T extends string>(rule: Parse<T>) =>
  z.string().superRefine((value, context) => {
    const result = rule(value);
    if ("rule" in result) context.addIssue({ code: "custom", message: result.rule });
  });
const flag = z.enum(["true", "false"]).transform((value) => value === "true");

const permission = z.strictObject({
  slug: text(parsePermissionSlug),
  name: text(parseName),
  description: text(parseDescription).default(""),
});
const role = (slug: Parse<string>) =>
  z.strictObject({
    slug: text(slug),
    name: text(parseName),
    description: text(parseDescription).default(""),
    permissions: z.array(text(parsePermissionSlug)).default([]),
  });

function unique<Item extends { readonly slug: string }>(items: z.ZodType<Item[]>) {
  return items.superRefine((list, context) => {
    const seen = new Set<string>();
    list.forEach(({ slug }, index) => {
      if (seen.has(slug)) context.addIssue({ code: "custom", path: [index, "slug"], message: `repeats ${slug}` });
      seen.add(slug);
    });
  });
}

const schemas = {
  environment: z
    .strictObject({
      environment: text(parseId),
      display_name: text(parseDisplayName).optional(),
      multiple_roles: flag.optional(),
      permissions: unique(z.array(permission)).optional(),
      roles: unique(z.array(role(parseSlug))).optional(),
      default_role: text(parseSlug).optional(),
    })
    .transform((content) => ({
      environmentId: content.environment as string | undefined,
      blueprints: [
        {
          kind: "environment" as const,
          displayName: content.display_name,
          multipleRolesEnabled: content.multiple_roles,
          permissions: content.permissions,
          roles: content.roles,
          defaultRole: content.default_role,
        },
      ],
    })),
  organization: z
    .strictObject({
      organization: text(parseId),
      roles: unique(z.array(role(parseRestoredSlug))).optional(),
      default_role: text(parseSlug).optional(),
      priority: z.array(text(parseSlug)).optional(),
      groups: z.record(text(parseId), text(parseSlug)).optional(),
    })
    .transform((content) => ({
      environmentId: undefined,
      blueprints: [
        {
          kind: "organization" as const,
          organizationId: content.organization,
          roles: content.roles,
          defaultRole: content.default_role,
          priority: content.priority,
          groups: content.groups && new Map(Object.entries(content.groups)),
        },
      ],
    })),
  members: z
    .strictObject({
      organization: text(parseId),
      members: z.record(
        text(parseId),
        z.union([text(parseSlug).transform((slug) => [slug]), z.array(text(parseSlug))]),
      ),
    })
    .transform(({ organization, members }) => ({
      environmentId: undefined,
      blueprints: inBatches(organization, Object.entries(members)),
    })),
};

function inBatches(organizationId: string, members: readonly [string, string[]][]): MembersBlueprint[] {
  const batches: MembersBlueprint[] = [];
  for (let start = 0; start < members.length; start += limits.batchItems)
    batches.push({
      kind: "members",
      organizationId,
      members: new Map(members.slice(start, start + limits.batchItems)),
    });
  return batches;
}
