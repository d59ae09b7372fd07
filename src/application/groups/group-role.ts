import type { EffectiveRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import type { GroupRole, GroupRoleView, IdentifiedGroupRole } from "../../domain/group-role";
import { rolesInOrder } from "../../domain/membership-view";
import type { OrganizationState } from "../../domain/organization";
import { resolveGroupRole } from "../../domain/role-resolution";
import type { GroupId } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";

/** Returns those of the groups that are mapped to a live role, with that role. */
export async function findGroupRoles(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
  groupIds: readonly GroupId[],
): Promise<GroupRole[]> {
  const stored = await stores.groupRoles.find(state.environment.uid, organization.uid, groupIds);
  return stored.flatMap((groupRole) => resolveMapping(state, organization, groupRole));
}

/** Returns the mapping with the live role that it leads to, or nothing if it leads to none. */
export function resolveMapping(
  state: EnvironmentState,
  organization: OrganizationState,
  groupRole: GroupRole,
): GroupRole[] {
  const roleId = resolveGroupRole(state, organization, groupRole.roleId);
  return roleId ? [{ ...groupRole, roleId }] : [];
}

/** Returns the mapping as a caller sees it, with the id of its role. */
export const identifyGroupRole = (
  effective: EffectiveRoles,
  organization: OrganizationState,
  groupRole: GroupRole,
): IdentifiedGroupRole => ({
  view: viewGroupRole(effective, organization, groupRole),
  roleId: groupRole.roleId,
});

export function viewGroupRole(
  effective: EffectiveRoles,
  organization: OrganizationState,
  groupRole: GroupRole,
): GroupRoleView {
  const { groupId, createTime, updateTime } = groupRole;
  const [{ slug: roleSlug }] = rolesInOrder(effective, [groupRole.roleId]);
  return {
    environmentId: effective.environmentId,
    organizationId: organization.id,
    groupId,
    roleSlug,
    createTime,
    updateTime,
  };
}
