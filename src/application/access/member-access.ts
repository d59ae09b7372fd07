import type { EffectiveAccess } from "../../domain/effective-access";
import { rolesInOrder } from "../../domain/membership-view";
import type { Role } from "../../domain/role";
import { resolveMemberRoles } from "../../domain/role-resolution";
import { type OrganizationId, type UserId, parseId } from "../../domain/values";
import type { MemberScope } from "../memberships/member";
import type { ReadSnapshot } from "../reads/read-snapshot";
import type { Fields } from "../request/fields";

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
  return { access, roles: rolesInOrder(access.effective, resolveMemberRoles(snapshot.state, state, member)) };
}

/** Parses the fields that name a member, to be checked with the others of the request. */
export function parseMember(fields: Fields, request: Omit<MemberScope, "environmentId">) {
  return {
    organizationId: fields.required<OrganizationId>("organization_id", request.organizationId, parseId),
    userId: fields.required<UserId>("user_id", request.userId, parseId),
  };
}
