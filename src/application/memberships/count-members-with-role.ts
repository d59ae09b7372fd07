import type { EnvironmentState } from "../../domain/environment";
import type { RoleId } from "../../domain/ids";
import { type Membership, countRoles } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { Role } from "../../domain/role";
import { deletedRoles, resolveMemberRoles } from "../../domain/role-resolution";
import { Portions } from "../../event-loop/portions";
import type { Stores } from "../ports/unit-of-work";
import { loadOrganizations } from "../transactions/load-state";

/**
 * Counts the members that have a role, and those of them whose only role it is. The database counts members that store
 * only this role; members with several roles, and those that refer to deleted roles that lead to it, are resolved one by
 * one.
 */
export async function countMembersWithRole(
  stores: Stores,
  state: EnvironmentState,
  role: Role,
  organization?: OrganizationState,
): Promise<{ readonly all: number; readonly asOnlyRole: number }> {
  const { uid } = state.environment;
  let asOnlyRole = await stores.memberships.countWithOnlyRole(uid, role.id, organization?.uid);
  let all = asOnlyRole;
  const replaced = organization
    ? [...organization.replaced.keys()]
    : (await stores.roles.listReplaced(uid)).map(({ id }) => id);
  const counted = new Set<RoleId>();
  for (const roleId of [role.id, ...deletedRoles(state, replaced)]) {
    const options = { several: roleId === role.id, organization: organization?.uid };
    for await (const page of readPages(stores, state, roleId, options)) {
      const organizations = organization
        ? new Map([[organization.uid, organization]])
        : await loadOrganizationsOf(stores, state, page);
      for (const member of page) {
        const itsOrganization = organizations.get(member.organizationUid);
        if (!itsOrganization || member.roleIds.some((id) => counted.has(id))) continue;
        const resolved = resolveMemberRoles(state, itsOrganization, member);
        if (!resolved.includes(role.id)) continue;
        all += 1;
        if (resolved.length === 1) asOnlyRole += 1;
      }
    }
    counted.add(roleId);
  }
  return { all, asOnlyRole };
}

async function* readPages(
  stores: Stores,
  state: EnvironmentState,
  roleId: RoleId,
  options: { readonly several: boolean; readonly organization?: OrganizationState["uid"] | undefined },
): AsyncGenerator<Membership[]> {
  const portions = new Portions();
  let after: Membership | undefined;
  do {
    const limit = portions.size;
    const page: Membership[] = await stores.memberships.listWithRole(state.environment.uid, roleId, {
      ...options,
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
