import type { EnvironmentState } from "./environment";
import { refuse } from "./errors";
import type { Digest, RoleId } from "./ids";
import { memoizeByIdentity } from "./memoize-by-identity";
import type { OrganizationState, OwnConfig } from "./organization";
import { inOrder } from "./priority";
import { type EnvironmentRole, type Role, type RoleView, isCustom, isLive, roleEtag } from "./role";
import { defaultRoleOf, successor } from "./role-resolution";
import type { Slug } from "./slug";
import type { EnvironmentId, OrganizationId, PermissionSlug } from "./values";

/** The roles, default and order in force in an environment, or in one organization of it. It is never changed. */
export interface EffectiveRoles {
  readonly environmentId: EnvironmentId;
  readonly inheritsEnvironment: boolean;
  /** Highest priority first. */
  readonly roles: readonly Role[];
  readonly defaultRole: Role;
}

/** The configuration of a scope as a caller sees it. */
export interface RoleConfigView {
  readonly defaultRoleSlug: Slug;
  readonly priorityOrder: readonly Slug[];
  readonly inheritsEnvironment: boolean;
  readonly etag: string;
}

/** Returns the roles in force in the environment itself. */
export const environmentRoles = memoizeByIdentity(
  ({ environment, roles }: EnvironmentState): EffectiveRoles => ({
    environmentId: environment.id,
    inheritsEnvironment: false,
    roles: inOrder(environment.order, [...roles.values()].filter(isLive)),
    defaultRole: successor(roles, environment.defaultRoleId),
  }),
);

/** Returns the roles in force in an organization: by its own configuration, else by the environment's. */
export function organizationRoles(
  state: EnvironmentState,
  organization: OrganizationState | undefined,
): EffectiveRoles {
  const own = organization?.own;
  if (!own) return inheritedRoles(state);
  const roles = inOrder(own.order, [...[...state.roles.values()].filter(isLive), ...organization.customRoles]);
  return rolesWithOwnConfig(state, { ...organization, own }, roles);
}

/**
 * Returns the configuration of an organization after it got a custom role, and the roles in force then: those of before,
 * its own or inherited, with the new role at the bottom. Deleted roles keep their place in the order, for members who
 * still refer to them.
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

/** Returns the first own configuration of an organization, which changes nothing. */
export function inheritedConfig(state: EnvironmentState): OwnConfig {
  return { order: state.environment.order, defaultRoleId: environmentRoles(state).defaultRole.id };
}

export const idsOf = (roles: readonly Role[]): RoleId[] => roles.map((role) => role.id);
export const slugsOf = (roles: readonly Role[]): Slug[] => roles.map((role) => role.slug);

/** Returns the role of that slug. Throws ROLE_NOT_FOUND. */
export function effectiveRole(effective: EffectiveRoles, slug: Slug): Role {
  const role = effective.roles.find((other) => other.slug === slug);
  if (!role) throw refuse.roleNotFound(slug);
  return role;
}

/**
 * Returns the role of that slug. Throws ROLE_NOT_FOUND, and ROLE_BELONGS_TO_ENVIRONMENT for an environment role in the
 * scope of an organization, which may not change it.
 */
export function ownRole(effective: EffectiveRoles, slug: Slug, organizationId: OrganizationId | undefined): Role {
  const role = effectiveRole(effective, slug);
  if (organizationId && !isCustom(role)) throw refuse.roleBelongsToEnvironment(slug);
  return role;
}

/** Returns the candidate of that slug. Throws REPLACEMENT_ROLE_INVALID if there is none, or if it is the deleted role. */
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

export function viewConfig(digest: Digest, effective: EffectiveRoles): RoleConfigView {
  const { defaultRole, roles, inheritsEnvironment } = effective;
  return {
    defaultRoleSlug: defaultRole.slug,
    priorityOrder: slugsOf(roles),
    inheritsEnvironment,
    etag: digest(JSON.stringify([defaultRole.id, idsOf(roles), inheritsEnvironment])),
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

const inheritedRoles = memoizeByIdentity(
  (state: EnvironmentState): EffectiveRoles => ({ ...environmentRoles(state), inheritsEnvironment: true }),
);

/** Returns the roles in force with an own configuration, for roles that are in its order. */
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
