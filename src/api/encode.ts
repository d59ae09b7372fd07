import type { Environment } from "../../gen/orgroles/v1/environment";
import type { GroupRole, Membership } from "../../gen/orgroles/v1/membership";
import type { Permission } from "../../gen/orgroles/v1/permission";
import { type Role, type RoleConfig, RoleType } from "../../gen/orgroles/v1/role";
import type { RoleConfigView } from "../domain/effective-roles";
import type { EnvironmentView } from "../domain/environment";
import type { GroupRoleView } from "../domain/group-role";
import type { MembershipView } from "../domain/membership-view";
import type { PermissionView } from "../domain/permission";
import { type RoleView, isCustom } from "../domain/role";

interface Times {
  readonly createTime: number;
  readonly updateTime: number;
}

/** Returns times as dates. The domain has them in milliseconds. */
const dates = ({ createTime, updateTime }: Times) => ({
  createTime: new Date(createTime),
  updateTime: new Date(updateTime),
});

export function encodeRole(role: RoleView): Role {
  const type = isCustom(role) ? RoleType.ROLE_TYPE_ORGANIZATION : RoleType.ROLE_TYPE_ENVIRONMENT;
  return { type, ...role, permissions: [...role.permissions], ...dates(role) };
}

export function encodeRoleConfig(config: RoleConfigView): RoleConfig {
  return { ...config, priorityOrder: [...config.priorityOrder] };
}

export function encodePermission(permission: PermissionView): Permission {
  return { ...permission, ...dates(permission) };
}

export function encodeEnvironment(environment: EnvironmentView): Environment {
  return { ...environment, ...dates(environment) };
}

export function encodeMembership(membership: MembershipView): Membership {
  return { ...membership, roleSlugs: [...membership.roleSlugs], ...dates(membership) };
}

export function encodeGroupRole(groupRole: GroupRoleView): GroupRole {
  return { ...groupRole, ...dates(groupRole) };
}
