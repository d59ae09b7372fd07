import type { EnvironmentState } from "./environment";
import { refuse } from "./errors";
import type { Digest, RoleId } from "./ids";
import type { OrganizationState, OwnConfig } from "./organization";
import { memo } from "./memo";
import { inOrder } from "./priority";
import { type EnvironmentRole, type Role, type RoleView, isLive, roleEtag } from "./role";
import { defaultRoleOf, successor } from "./role-resolution";
import type { Slug } from "./slug";
import type { EnvironmentId, OrganizationId, PermissionSlug } from "./values";

/** The roles, default and order that hold in an environment, or in one organization of it. */
export interface EffectiveRoles {
  readonly environmentId: EnvironmentId;
  readonly inheritsEnvironment: boolean;
  /** All effective roles, highest priority first. */
  readonly roles: readonly Role[];
  readonly defaultRole: Role;
}

/** A context's configuration as a caller sees it. */
export interface RoleConfigView {
  readonly defaultRoleSlug: Slug;
  readonly priorityOrder: readonly Slug[];
  readonly inheritsEnvironment: boolean;
  readonly etag: string;
}

/** What holds in the environment itself. */
export const environmentRoles = memo(
  ({ environment, roles }: EnvironmentState): EffectiveRoles => ({
    environmentId: environment.id,
    inheritsEnvironment: false,
    roles: inOrder(environment.order, [...roles.values()].filter(isLive)),
    defaultRole: successor(roles, environment.defaultRoleId),
  }),
);

const inheritedRoles = memo(
  (state: EnvironmentState): EffectiveRoles => ({ ...environmentRoles(state), inheritsEnvironment: true }),
);

/** What holds in an organization: its own configuration, else the environment's. */
export function organizationRoles(
  state: EnvironmentState,
  organization: OrganizationState | undefined,
): EffectiveRoles {
  const own = organization?.own;
  if (!own) return inheritedRoles(state);
  const roles = inOrder(own.order, [...[...state.roles.values()].filter(isLive), ...organization.customRoles]);
  return rolesWithOwnConfig(state, { ...organization, own }, roles);
}

/** What holds with a configuration of its own, for roles that are in its order. */
function rolesWithOwnConfig(
  state: EnvironmentState,
  organization: OrganizationState & { readonly own: OwnConfig },
  roles: readonly Role[],
): EffectiveRoles {
  return {
    environmentId: state.environment.id,
    inheritsEnvironment: false,
    roles,
    defaultRole: defaultRoleOf(state, organization),
  };
}

/**
 * The configuration of an organization after it got a custom role, and what holds there then: what it had, or what it
 * inherited until then, the new role at the bottom. Deleted roles keep their place in the order, for members who still
 * refer to them.
 */
export function addCustomRole(
  role: Role,
  state: EnvironmentState,
  organization: OrganizationState,
): { own: OwnConfig; effective: EffectiveRoles } {
  const { order, defaultRoleId } = organization.own ?? inheritedConfig(state);
  const present: EnvironmentRole[] = inOrder(order, [...state.roles.values(), ...organization.customRoles]);
  const own = { defaultRoleId, order: [...idsOf(present), role.id] };
  return { own, effective: rolesWithOwnConfig(state, { ...organization, own }, [...present.filter(isLive), role]) };
}

/** What an organization's own configuration begins with. */
export function inheritedConfig(state: EnvironmentState): OwnConfig {
  return { order: state.environment.order, defaultRoleId: environmentRoles(state).defaultRole.id };
}

export const idsOf = (roles: readonly Role[]): RoleId[] => roles.map((role) => role.id);
export const slugsOf = (roles: readonly Role[]): Slug[] => roles.map((role) => role.slug);

export function viewConfig(digest: Digest, effective: EffectiveRoles): RoleConfigView {
  const defaultRoleSlug = effective.defaultRole.slug;
  const priorityOrder = slugsOf(effective.roles);
  const content = [effective.defaultRole.id, idsOf(effective.roles), effective.inheritsEnvironment];
  return {
    defaultRoleSlug,
    priorityOrder,
    inheritsEnvironment: effective.inheritsEnvironment,
    etag: digest(JSON.stringify(content)),
  };
}

export function viewRole(
  digest: Digest,
  effective: EffectiveRoles,
  role: Role,
  permissions: readonly PermissionSlug[],
): RoleView {
  const { id, organizationId, slug, name, description, createTime, updateTime } = role;
  return {
    id,
    environmentId: effective.environmentId,
    organizationId,
    slug,
    name,
    description,
    permissions,
    isDefault: id === effective.defaultRole.id,
    priority: effective.roles.findIndex((other) => other.id === id) + 1,
    etag: roleEtag(digest, role, permissions),
    createTime,
    updateTime,
  };
}

export function effectiveRole(effective: EffectiveRoles, slug: Slug): Role {
  const role = effective.roles.find((other) => other.slug === slug);
  if (!role) throw refuse.roleNotFound(slug);
  return role;
}

/** The role of that slug that the scope may change: an organization may not change its environment's roles. */
export function ownRole(effective: EffectiveRoles, slug: Slug, organizationId: OrganizationId | undefined): Role {
  const role = effectiveRole(effective, slug);
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
