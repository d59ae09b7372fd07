import type { EnvironmentState } from "../../domain/environment";
import type { Membership } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { UserId } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";

/** Returns the member, undefined where the organization has no data or not this member. */
export async function findMember(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState | undefined,
  userId: UserId,
): Promise<Membership | undefined> {
  if (!organization) return undefined;
  const [membership] = await stores.memberships.find(state.environment.uid, [
    { organizationUid: organization.uid, userId },
  ]);
  return membership;
}
