import { organizationRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { Membership } from "../../domain/membership";
import { membershipEtag, viewMembership } from "../../domain/membership-view";
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

/** Returns a function that views the members of an organization, with the roles in force there. */
export function createMembershipViewer(
  dependencies: Dependencies,
  state: EnvironmentState,
  organization: OrganizationState,
) {
  const effective = organizationRoles(state, organization);
  const view = (membership: Membership) =>
    viewMembership(dependencies.digest, effective, state, organization, membership);
  return { organization, effective, view };
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
