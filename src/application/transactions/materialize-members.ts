import type { EnvironmentState } from "../../domain/environment";
import type { OrganizationUid, RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { countRoles } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import { deletedRoles, resolveMemberRoles, unresolvedGroupRoles } from "../../domain/role-resolution";
import { mapInSlices, Portions } from "../../event-loop/time-slices";
import type { PendingMembers } from "../ports/membership-store";
import type { Stores } from "../ports/unit-of-work";

/**
 * Stores what unsettled members hold now as what they were given, up to a bounded number of them; callers see no
 * difference. Answers whether none is left. For transactions that hold the organizations' locks.
 */
export async function materializeMembers(
  stores: Stores,
  state: EnvironmentState,
  organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
): Promise<boolean> {
  const { uid, revision: materializedAtRevision } = state.environment;
  const replaced = [...organizations.values()].flatMap((organization) => [...organization.replaced.keys()]);
  const by = pendingMembers(state, replaced);
  const portions = new Portions();
  for (let left: number = limits.settledMembers; left > 0; ) {
    const size = Math.min(left, portions.size);
    const unsettled = await stores.memberships.listPending(uid, by, size, [...organizations.keys()]);
    if (!unsettled.length) return true;
    const settled = await mapInSlices(unsettled, (member) => {
      const organization = organizations.get(member.organizationUid);
      return organization
        ? [{ ...member, roleIds: resolveMemberRoles(state, organization, member), materializedAtRevision }]
        : [];
    });
    await stores.memberships.put(uid, settled.flat());
    portions.had(unsettled.length, countRoles(unsettled));
    left -= unsettled.length;
  }
  return false;
}

/** What makes members unsettled: roles they refer to without having them, and the latest end of multiple roles. */
export function pendingMembers(state: EnvironmentState, replaced: readonly RoleId[]): PendingMembers {
  return {
    roleIds: deletedRoles(state, replaced),
    multipleRolesDisabledAt: state.multipleRolesDisabled.at(-1)?.revision,
  };
}

/** Removes an organization that inherits and has neither members nor groups: it has a row only while it has data. */
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
