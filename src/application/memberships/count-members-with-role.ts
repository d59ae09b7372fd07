import type { EnvironmentState } from "../../domain/environment";
import { type Membership, countRoles } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { Role } from "../../domain/role";
import { deletedRoles, resolveMemberRoles } from "../../domain/role-resolution";
import { Portions } from "../../event-loop/time-slices";
import type { Stores } from "../ports/unit-of-work";
import { loadOrganizations } from "../transactions/load-state";

/**
 * How many members have a role: all of them, and those who have no other one. What the database can count, it counts;
 * members with several roles, and those who refer to deleted roles that lead here, are looked at one by one.
 */
export async function countMembersWithRole(
  stores: Stores,
  state: EnvironmentState,
  role: Role,
  organization?: OrganizationState,
): Promise<{ readonly all: number; readonly alone: number }> {
  const { uid } = state.environment;
  let alone = await stores.memberships.countWithOnlyRole(uid, role.id, organization?.uid);
  let all = alone;
  const replaced = organization
    ? [...organization.replaced.keys()]
    : (await stores.roles.listReplaced(uid)).map(({ id }) => id);
  const counted = new Set<Membership["roleIds"][number]>();
  for (const roleId of [role.id, ...deletedRoles(state, replaced)]) {
    const options = { several: roleId === role.id, organization: organization?.uid };
    for await (const page of pagesOf(stores, state, roleId, options)) {
      const organizations = organization
        ? new Map([[organization.uid, organization]])
        : await loadOrganizationsOf(stores, state, page);
      for (const member of page) {
        const home = organizations.get(member.organizationUid);
        if (!home || member.roleIds.some((id) => counted.has(id))) continue;
        const held = resolveMemberRoles(state, home, member);
        if (held.includes(role.id)) all += 1;
        if (held.includes(role.id) && held.length === 1) alone += 1;
      }
    }
    counted.add(roleId);
  }
  return { all, alone };
}

async function* pagesOf(
  stores: Stores,
  state: EnvironmentState,
  roleId: Role["id"],
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
    portions.had(page.length, countRoles(page));
    after = page.length < limit ? undefined : page.at(-1);
  } while (after);
}

/** The organizations of some members. Those deleted meanwhile are absent. */
async function loadOrganizationsOf(
  stores: Stores,
  { environment: { uid } }: EnvironmentState,
  members: readonly Membership[],
) {
  const uids = [...new Set(members.map(({ organizationUid }) => organizationUid))];
  return loadOrganizations(stores, uid, await stores.organizations.findByUid(uid, uids));
}
