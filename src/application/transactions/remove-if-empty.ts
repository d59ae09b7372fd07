import type { EnvironmentState } from "../../domain/environment";
import type { OrganizationState } from "../../domain/organization";
import { unresolvedGroupRoles } from "../../domain/role-resolution";
import type { Stores } from "../ports/unit-of-work";

/**
 * Removes an organization that inherits and has neither members nor groups: an organization has a row only while it has
 * data. The transaction must have locked the organization.
 */
export async function removeIfEmpty(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
  time: number,
): Promise<void> {
  const { uid } = state.environment;
  const first = { after: "", limit: 1 };
  const without = unresolvedGroupRoles(state, organization);
  if ((await stores.memberships.list(uid, organization.uid, first)).length) return;
  if ((await stores.groupRoles.list(uid, organization.uid, { ...first, without })).length) return;
  await stores.organizations.remove(uid, organization, time);
}
