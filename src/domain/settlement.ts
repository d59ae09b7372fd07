import type { OrganizationUid, RoleId } from "./ids";
import { limits } from "./limits";
import { countRoles } from "./membership";
import { Portions, mapInSlices } from "./slices";
import type { EnvironmentState, OrganizationState } from "./state";
import type { Stores, Unsettled } from "./stores";
import { goneRoles, heldRoles, unmappedRoles } from "./succession";

/**
 * Stores what unsettled members hold now as what they were given, up to a bounded number of them; callers see no
 * difference. Answers whether none is left. For transactions that hold the organizations' locks.
 */
export async function settleMembers(
  stores: Stores,
  state: EnvironmentState,
  organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
): Promise<boolean> {
  const { uid, revision: asOfRevision } = state.environment;
  const replaced = [...organizations.values()].flatMap((organization) => [...organization.replaced.keys()]);
  const by = unsettledBy(state, replaced);
  const portions = new Portions();
  for (let left: number = limits.settledMembers; left > 0; ) {
    const size = Math.min(left, portions.size);
    const unsettled = await stores.memberships.unsettled(uid, by, size, [...organizations.keys()]);
    if (!unsettled.length) return true;
    const settled = await mapInSlices(unsettled, (member) => {
      const organization = organizations.get(member.organizationUid);
      return organization ? [{ ...member, roleIds: heldRoles(state, organization, member), asOfRevision }] : [];
    });
    await stores.memberships.put(uid, settled.flat());
    portions.had(unsettled.length, countRoles(unsettled));
    left -= unsettled.length;
  }
  return false;
}

/** What makes members unsettled: roles they refer to without having them, and the latest end of multiple roles. */
export function unsettledBy(state: EnvironmentState, replaced: readonly RoleId[]): Unsettled {
  return {
    roleIds: goneRoles(state, replaced),
    collapsedAt: Math.max(0, ...state.collapses.map(({ revision }) => revision)),
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
  const without = unmappedRoles(state, organization);
  if ((await stores.memberships.list(uid, organization.uid, first)).length) return;
  if ((await stores.groupRoles.list(uid, organization.uid, { ...first, without })).length) return;
  await stores.organizations.remove(uid, organization, time);
}
