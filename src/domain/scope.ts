import { refuse } from "./errors";
import { type EnvironmentId, type Fields, type OrganizationId, parseId } from "./fields";
import type { Role } from "./role";
import type { Context } from "./role-config";
import type { Slug } from "./slug";

/** A request names an environment, and with an organization that organization in it. */
export interface Scope {
  readonly environmentId: string;
  readonly organizationId?: string | undefined;
}

export interface OrganizationScope {
  readonly environmentId: string;
  readonly organizationId: string;
}

export interface ParsedScope {
  readonly environmentId: EnvironmentId;
  readonly organizationId: OrganizationId | undefined;
}

export function parseScope(fields: Fields, scope: Scope): ParsedScope {
  return {
    environmentId: parseEnvironmentId(fields, scope),
    organizationId: fields.optional<OrganizationId>("organization_id", scope.organizationId, parseId),
  };
}

export function parseOrganizationScope(fields: Fields, scope: OrganizationScope) {
  return {
    environmentId: parseEnvironmentId(fields, scope),
    organizationId: fields.required<OrganizationId>("organization_id", scope.organizationId, parseId),
  };
}

export function parseEnvironmentId(fields: Fields, scope: { readonly environmentId: string }): EnvironmentId {
  return fields.required<EnvironmentId>("environment_id", scope.environmentId, parseId);
}

export function effectiveRole(context: Context, slug: Slug): Role {
  const role = context.roles.find((other) => other.slug === slug);
  if (!role) throw refuse.roleNotFound(slug);
  return role;
}

/** The role of that slug that the scope may change: an organization may not change its environment's roles. */
export function ownRole(context: Context, slug: Slug, organizationId: OrganizationId | undefined): Role {
  const role = effectiveRole(context, slug);
  if (organizationId && role.organizationId === "") throw refuse.roleBelongsToEnvironment(slug);
  return role;
}

/** A replacement for a role: another one of those that may take its place. */
export function replacementRole(
  field: string,
  slug: Slug | undefined,
  deleted: Role,
  candidates: readonly Role[],
): Role | undefined {
  if (slug === undefined) return undefined;
  const role = candidates.find((other) => other.slug === slug);
  if (!role || role.id === deleted.id) throw refuse.replacementRoleInvalid(field, slug);
  return role;
}
