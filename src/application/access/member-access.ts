import type { EffectiveAccess } from "../../domain/effective-access";
import type { RoleId } from "../../domain/ids";
import { rolesInOrder } from "../../domain/membership-view";
import type { Role } from "../../domain/role";
import { resolveMemberRoles } from "../../domain/role-resolution";
import type { OrganizationId, UserId } from "../../domain/values";
import type { ReadSnapshot } from "../reads/read-snapshot";

export interface Member {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
}

/** Returns the access in the member's organization, and the member's roles there in order: none if it is no member. */
export function resolveMemberAccess(
  snapshot: ReadSnapshot,
  { organizationId, userId }: Member,
): { access: EffectiveAccess; roles: readonly Role[] } {
  const { state, access } = snapshot.organization(organizationId);
  const member = snapshot.member(organizationId, userId);
  if (!state || !member) return { access, roles: [] };
  return { access, roles: rolesOf(access, resolveMemberRoles(snapshot.state, state, member)) };
}

/** Returns the roles of a member in order. One role needs no order, and most members have one. */
function rolesOf(access: EffectiveAccess, held: readonly RoleId[]): readonly Role[] {
  const [only, ...others] = held;
  const role = only && !others.length ? access.find(only) : undefined;
  return role ? [role] : rolesInOrder(access.effective, held);
}
