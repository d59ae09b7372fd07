import { refuse } from "../../domain/errors";
import type { Membership } from "../../domain/membership";
import type { OrganizationId, UserId } from "../../domain/values";

/**
 * The membership that a change expects to find: none, or the one that began at this time, in milliseconds. A later
 * membership of the same user is another one.
 */
export type MembershipExpectation = "none" | { readonly createTime: number };

/** Throws MEMBERSHIP_EXISTS or MEMBERSHIP_NOT_FOUND if the user does not have the expected membership. */
export function checkExpectation(
  expected: MembershipExpectation | undefined,
  membership: Membership | undefined,
  organizationId: OrganizationId,
  userId: UserId,
): void {
  if (expected === undefined) return;
  if (expected === "none" && membership) throw refuse.membershipExists(organizationId, userId);
  if (expected !== "none" && membership?.createTime !== expected.createTime)
    throw refuse.membershipNotFound(organizationId, userId);
}
