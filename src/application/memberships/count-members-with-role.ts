import type { EnvironmentState } from "../../domain/environment";
import type { OrganizationUid, RoleId } from "../../domain/ids";
import { type Membership, countRoles } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { Role } from "../../domain/role";
import { deletedRoles, resolveMemberRoles } from "../../domain/role-resolution";
import { Portions } from "../../event-loop/portions";
import type { PendingMembers } from "../ports/membership-store";
import type { Stores } from "../ports/unit-of-work";
import { loadOrganizations } from "../transactions/load-state";
import { pendingMembers } from "../transactions/materialize-members";

/**
 * Counts the members of all organizations whose only role an environment role is. The database counts; only pending
 * members, who refer to deleted roles or had several roles when these were disabled, are resolved one by one. Takes as
 * long as there are members with the role: to be called without locks.
 */
export async function countMembersWithOnlyRole(stores: Stores, state: EnvironmentState, role: Role): Promise<number> {
  const { uid } = state.environment;
  const replaced = (await stores.roles.listReplaced(uid)).map(({ id }) => id);
  let count = await stores.memberships.countWithOnlyRole(uid, role.id);
  for await (const roles of resolvePending(stores, state, role, replaced))
    if (roles.length === 1 && roles[0] === role.id) count += 1;
  return count;
}

/** Counts the members of an organization that have a role, like `countMembersWithOnlyRole`. */
export async function countMembersWithRole(
  stores: Stores,
  state: EnvironmentState,
  role: Role,
  organization: OrganizationState,
): Promise<number> {
  const { uid } = state.environment;
  const replaced = [...organization.replaced.keys()];
  let count = await stores.memberships.countWithRole(uid, role.id, organization.uid);
  for await (const roles of resolvePending(stores, state, role, replaced, organization, () => (count -= 1)))
    if (roles.includes(role.id)) count += 1;
  return count;
}

/**
 * Yields the roles of pending members that may have the role: those that store it among several, for which it calls
 * `onStored`, and those that store a deleted role, which may lead to it. Yields each member once.
 */
async function* resolvePending(
  stores: Stores,
  state: EnvironmentState,
  role: Role,
  replaced: readonly RoleId[],
  organization?: OrganizationState,
  onStored: () => void = () => undefined,
): AsyncGenerator<RoleId[]> {
  const pending = pendingMembers(state, replaced);
  if (!pending.roleIds.length && pending.multipleRolesDisabledAt === undefined) return;
  const seen = new Set<RoleId>();
  for (const roleId of [role.id, ...deletedRoles(state, replaced)]) {
    const pendingAmong = roleId === role.id ? pending : undefined;
    for await (const page of readPages(stores, state, roleId, pendingAmong, organization?.uid)) {
      const organizations = organization
        ? new Map([[organization.uid, organization]])
        : await loadOrganizationsOf(stores, state, page);
      for (const member of page) {
        const itsOrganization = organizations.get(member.organizationUid);
        if (!itsOrganization || member.roleIds.some((id) => seen.has(id))) continue;
        if (pendingAmong) onStored();
        yield resolveMemberRoles(state, itsOrganization, member);
      }
    }
    seen.add(roleId);
  }
}

async function* readPages(
  stores: Stores,
  state: EnvironmentState,
  roleId: RoleId,
  pendingAmongSeveral: PendingMembers | undefined,
  organization: OrganizationUid | undefined,
): AsyncGenerator<Membership[]> {
  const portions = new Portions();
  let after: Membership | undefined;
  do {
    const limit = portions.size;
    const page: Membership[] = await stores.memberships.listWithRole(state.environment.uid, roleId, {
      pendingAmongSeveral,
      organization,
      after,
      limit,
    });
    yield page;
    portions.addRows(page.length, countRoles(page));
    after = page.length < limit ? undefined : page.at(-1);
  } while (after);
}

/** Returns the organizations of some members, without those that have been deleted meanwhile. */
async function loadOrganizationsOf(
  stores: Stores,
  { environment: { uid } }: EnvironmentState,
  members: readonly Membership[],
) {
  const uids = [...new Set(members.map(({ organizationUid }) => organizationUid))];
  return loadOrganizations(stores, uid, await stores.organizations.findByUid(uid, uids));
}
