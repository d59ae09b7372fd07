import { organizationRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { Membership } from "../../domain/membership";
import { identifyMembership, membershipEtag } from "../../domain/membership-view";
import type { OrganizationState } from "../../domain/organization";
import { resolveMemberRoles } from "../../domain/role-resolution";
import { type UserId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { Fields, Invalid } from "../request/fields";
import type { OrganizationScope } from "../request/scope";

export interface MemberScope extends OrganizationScope {
  readonly userId: string;
}

export function parseUserId(fields: Fields, member: { readonly userId: string }): UserId | Invalid {
  return fields.required<UserId>("user_id", member.userId, parseId);
}

/** Views the members of an organization, with the roles in force there. */
export type MembershipViewer = ReturnType<typeof createMembershipViewer>;

export function createMembershipViewer(
  dependencies: Dependencies,
  state: EnvironmentState,
  organization: OrganizationState,
) {
  const effective = organizationRoles(state, organization);
  const identify = (membership: Membership) =>
    identifyMembership(dependencies.digest, effective, state, organization, membership);
  return { organization, effective, identify, view: (membership: Membership) => identify(membership).view };
}

/** Throws MEMBERSHIP_NOT_FOUND if there is no such member, and ETAG_MISMATCH for the etag of another version of it. */
export function checkMembershipEtag(
  dependencies: Dependencies,
  state: EnvironmentState,
  organization: OrganizationState,
  userId: UserId,
  membership: Membership | undefined,
  etag: string,
): void {
  if (!membership) throw refuse.membershipNotFound(organization.id, userId);
  const resolved = resolveMemberRoles(state, organization, membership);
  if (etag !== membershipEtag(dependencies.digest, membership, resolved)) throw refuse.etagMismatch(etag);
}
