import type { EnvironmentId, PermissionSlug } from "./fields";
import type { Digest, RoleId } from "./ids";
import { once } from "./once";
import { inOrder } from "./priority";
import { type EnvironmentRole, type Role, type RoleView, isLive, roleEtag } from "./role";
import type { Slug } from "./slug";
import type { EnvironmentState, OrganizationState, OwnConfig } from "./state";
import { defaultRoleOf, successor } from "./succession";

/** The roles, default and order that hold in an environment, or in one organization of it. */
export interface Context {
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
export const environmentContext = once(
  ({ environment, roles }: EnvironmentState): Context => ({
    environmentId: environment.id,
    inheritsEnvironment: false,
    roles: inOrder(environment.order, [...roles.values()].filter(isLive)),
    defaultRole: successor(roles, environment.defaultRoleId),
  }),
);

const inheritedContext = once(
  (state: EnvironmentState): Context => ({ ...environmentContext(state), inheritsEnvironment: true }),
);

/** What holds in an organization: its own configuration, else the environment's. */
export function organizationContext(state: EnvironmentState, organization: OrganizationState | undefined): Context {
  const own = organization?.own;
  if (!own) return inheritedContext(state);
  const roles = inOrder(own.order, [...[...state.roles.values()].filter(isLive), ...organization.customRoles]);
  return ownContext(state, { ...organization, own }, roles);
}

/** What holds with a configuration of its own, for roles that are in its order. */
function ownContext(
  state: EnvironmentState,
  organization: OrganizationState & { readonly own: OwnConfig },
  roles: readonly Role[],
): Context {
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
export function withCustomRole(
  role: Role,
  state: EnvironmentState,
  organization: OrganizationState,
): { own: OwnConfig; context: Context } {
  const { order, defaultRoleId } = organization.own ?? inheritedConfig(state);
  const present: EnvironmentRole[] = inOrder(order, [...state.roles.values(), ...organization.customRoles]);
  const own = { defaultRoleId, order: [...idsOf(present), role.id] };
  return { own, context: ownContext(state, { ...organization, own }, [...present.filter(isLive), role]) };
}

/** What an organization's own configuration begins with. */
export function inheritedConfig(state: EnvironmentState): OwnConfig {
  return { order: state.environment.order, defaultRoleId: environmentContext(state).defaultRole.id };
}

export const idsOf = (roles: readonly Role[]): RoleId[] => roles.map((role) => role.id);
export const slugsOf = (roles: readonly Role[]): Slug[] => roles.map((role) => role.slug);

export function viewConfig(digest: Digest, context: Context): RoleConfigView {
  const defaultRoleSlug = context.defaultRole.slug;
  const priorityOrder = slugsOf(context.roles);
  const content = [context.defaultRole.id, idsOf(context.roles), context.inheritsEnvironment];
  return {
    defaultRoleSlug,
    priorityOrder,
    inheritsEnvironment: context.inheritsEnvironment,
    etag: digest(JSON.stringify(content)),
  };
}

export function viewRole(
  digest: Digest,
  context: Context,
  role: Role,
  permissions: readonly PermissionSlug[],
): RoleView {
  const { id, organizationId, slug, name, description, createTime, updateTime } = role;
  return {
    id,
    environmentId: context.environmentId,
    organizationId,
    slug,
    name,
    description,
    permissions,
    isDefault: id === context.defaultRole.id,
    priority: context.roles.findIndex((other) => other.id === id) + 1,
    etag: roleEtag(digest, role, permissions),
    createTime,
    updateTime,
  };
}
