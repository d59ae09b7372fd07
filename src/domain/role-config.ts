import type { EnvironmentId, Name, OrganizationId, PermissionSlug } from "./fields";
import type { Digest, EnvironmentUid, RoleId } from "./ids";
import { inOrder } from "./priority";
import { type EnvironmentRole, type Role, type RoleView, isLive, roleEtag } from "./role";
import type { Slug } from "./slug";
import { successor } from "./succession";

/** An environment as it is stored. */
export interface Environment {
  readonly uid: EnvironmentUid;
  readonly id: EnvironmentId;
  readonly displayName: Name;
  readonly multipleRolesEnabled: boolean;
  readonly createTime: number;
  readonly updateTime: number;
  /** Grows with each environment-level write. */
  readonly revision: number;
  /** Always a live role. */
  readonly defaultRoleId: RoleId;
  readonly order: readonly RoleId[];
}

/** An organization's own default role and order. Both may name environment roles deleted since. */
export interface OwnConfig {
  readonly defaultRoleId: RoleId;
  readonly order: readonly RoleId[];
  /** The environment's revision that it was taken from. */
  readonly sinceRevision: number;
}

/** An organization as it is stored, once it has been written to. */
export interface Organization {
  readonly id: OrganizationId;
  /** Grows with each write to the organization. */
  readonly revision: number;
  /** Absent while it inherits the environment. */
  readonly own?: OwnConfig;
}

export interface EnvironmentState {
  readonly environment: Environment;
  /** Live roles and tombstones. */
  readonly roles: ReadonlyMap<RoleId, EnvironmentRole>;
}

export interface OrganizationState extends Organization {
  readonly customRoles: readonly Role[];
}

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
export function environmentContext({ environment, roles }: EnvironmentState): Context {
  return {
    environmentId: environment.id,
    inheritsEnvironment: false,
    roles: inOrder(environment.order, [...roles.values()].filter(isLive)),
    defaultRole: successor(roles, environment.defaultRoleId),
  };
}

/** What holds in an organization: its own configuration, else the environment's. */
export function organizationContext(state: EnvironmentState, organization: OrganizationState | undefined): Context {
  const own = organization?.own;
  if (!own) return { ...environmentContext(state), inheritsEnvironment: true };
  return {
    environmentId: state.environment.id,
    inheritsEnvironment: false,
    roles: inOrder(own.order, [...[...state.roles.values()].filter(isLive), ...organization.customRoles]),
    defaultRole:
      organization.customRoles.find((role) => role.id === own.defaultRoleId) ??
      successor(state.roles, own.defaultRoleId),
  };
}

/** The configuration an organization takes from its environment when its first custom role is created. */
export function inheritedConfig(state: EnvironmentState): OwnConfig {
  const context = environmentContext(state);
  return {
    defaultRoleId: context.defaultRole.id,
    order: idsOf(context.roles),
    sinceRevision: state.environment.revision,
  };
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
