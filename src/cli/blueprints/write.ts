import { Document, Scalar, visit } from "yaml";
import type { Blueprint, PermissionBlueprint, RoleBlueprint } from "../../application/blueprints/blueprint";

/** Writes a blueprint as a YAML document that readers of YAML 1.1 and 1.2 understand alike. */
export function write(environmentId: string, blueprint: Blueprint): string {
  const document = new Document(contentOf(environmentId, blueprint));
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string") scalar.type = isPlain(scalar.value) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({ lineWidth: 0, doubleQuotedAsJSON: true });
  return `---\n${text.replaceAll(invisible, escapeCharacter)}`;
}

/** Words that some readers parse as a boolean, null or a number. */
const words = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|infinity)$/i;
/** Words that begin with a letter, with single spaces between them. */
const plain = /^\p{L}[\p{L}\p{M}\p{N}_.*/@+-]*(?:[: ][\p{L}\p{N}][\p{L}\p{M}\p{N}_.*/@+-]*)*$/u;

/** Reports whether every reader parses this as text without quotes. */
const isPlain = (text: string) => plain.test(text) && !words.test(text);

/** Characters to escape: line breaks of YAML 1.1, forbidden ones, and those that change how a line looks. */
const invisible = /[\u007F-\u009F\u00AD\u061C\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFFE\uFFFF]/g;
const escapeCharacter = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

function contentOf(environmentId: string, blueprint: Blueprint): object {
  switch (blueprint.kind) {
    case "environment":
      return {
        environment: environmentId,
        display_name: blueprint.displayName === environmentId ? undefined : blueprint.displayName,
        multiple_roles: blueprint.multipleRolesEnabled,
        escalation_guard: blueprint.escalationGuardEnabled || undefined,
        permissions: blueprint.permissions?.map(describeItem),
        roles: blueprint.roles?.map(describeItem),
        default_role: blueprint.defaultRole,
      };
    case "organization":
      return {
        organization: blueprint.organizationId,
        roles: blueprint.roles?.map(describeItem),
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

const describeItem = ({ slug, name, description, permissions }: PermissionBlueprint & Partial<RoleBlueprint>) => ({
  slug,
  name,
  description: description === "" ? undefined : description,
  permissions: permissions?.length ? permissions : undefined,
});
