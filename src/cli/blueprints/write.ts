import { Document, Scalar, visit } from "yaml";
import type { Blueprint, PermissionBlueprint, RoleBlueprint } from "../../application/blueprints/blueprint";

/** Returns a blueprint as a YAML document that readers of YAML 1.1 and 1.2 understand alike. */
export function write(environmentId: string, blueprint: Blueprint): string {
  const document = new Document(contentOf(environmentId, blueprint));
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string") scalar.type = isPlain(scalar.value) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({ lineWidth: 0, doubleQuotedAsJSON: true });
  return `---\n${text.replaceAll(invisible, escaped)}`;
}

/** Words that some reader takes for a boolean, nothing or a number. */
const words = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|infinity)$/i;
/** Words of letters, which digits and some punctuation may follow, with single spaces between. */
const plain = /^\p{L}[\p{L}\p{M}\p{N}_.*/@+-]*(?:[: ][\p{L}\p{N}][\p{L}\p{M}\p{N}_.*/@+-]*)*$/u;

/** Whether every reader takes this for text without quotes. */
const isPlain = (text: string) => plain.test(text) && !words.test(text);

/** Only in double quotes: line breaks of YAML 1.1, what YAML refuses, and what changes how a line looks. */
const invisible = /[\u007F-\u009F\u00AD\u061C\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFFE\uFFFF]/g;
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

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
