import type { EnvironmentState } from "../../domain/environment";
import type { OrganizationUid, RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { type MemberKey, type Membership, byKey, countRoles } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import { resolveMemberRoles } from "../../domain/role-resolution";
import type { OrganizationId, UserId } from "../../domain/values";
import { Portions } from "../../event-loop/portions";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Stores } from "../ports/unit-of-work";
import { readAmong } from "../request/read-among";
import type { ReadOrganizations } from "../transactions/read-transactions";

interface Found {
  readonly organization: OrganizationState;
  readonly member: Membership;
}

interface Page {
  /** The ids of the organizations that the members may belong to; undefined for all. */
  readonly organizations: ReadonlySet<string> | undefined;
  readonly after: MemberKey | undefined;
  readonly limit: number;
}

/** The last user id that there can be. */
const lastUserId = "~".repeat(limits.idLength) as UserId;

/**
 * Returns up to `limit` members that have an environment role, by organization uid and user id, and the place where the
 * next page begins, undefined if there is none. Candidates are the members that store the role, and those that store a
 * deleted role, which may lead to it: resolution decides. The number of candidates is bounded.
 */
export async function findMembersWithRole(
  stores: Stores,
  state: EnvironmentState,
  readOrganizations: ReadOrganizations,
  roleId: RoleId,
  { organizations, after, limit }: Page,
): Promise<{ readonly found: readonly Found[]; readonly next: MemberKey | undefined }> {
  const { uid } = state.environment;
  const roleIds = [roleId, ...(await stores.roles.listDeletedInUse(uid))];
  const list = organizations
    ? await listWithin(stores, state, roleIds, organizations)
    : (place: MemberKey | undefined, size: number) => listEverywhere(stores, state, roleIds, place, size);
  const found: Found[] = [];
  const portions = new Portions();
  let place = after;
  let references = 0;
  for (let lookedAt = 0; ; ) {
    const missing = limit + 1 - found.length;
    // a round looks at as many as all before it, so that few rounds pass over many candidates without the role
    const candidates = await list(place, Math.min(portions.size, Math.max(missing, lookedAt)));
    const members = await readMembers(stores, state, readOrganizations, candidates.keys);
    const having = await mapInSlices(members, (one) =>
      resolveMemberRoles(state, one.organization, one.member).includes(roleId) ? [one] : [],
    );
    found.push(...having.flat());
    place = candidates.end;
    const rows = countRoles(members.map(({ member }) => member));
    portions.addRows(candidates.keys.length, rows);
    lookedAt += candidates.cost;
    references += rows;
    if (found.length > limit) return { found: found.slice(0, limit), next: found[limit - 1]?.member };
    if (!place) return { found, next: undefined };
    if (lookedAt >= limits.membersLookedAt || references > limits.pageRoleReferences) return { found, next: place };
  }
}

/** Candidates in their order. */
interface Candidates {
  readonly keys: readonly MemberKey[];
  /** The place after them, undefined if there are no more. */
  readonly end: MemberKey | undefined;
  /** How many members they count as, of those that a page looks at. */
  readonly cost: number;
}

type ListCandidates = (place: MemberKey | undefined, size: number) => Promise<Candidates>;

async function listEverywhere(
  stores: Stores,
  { environment: { uid } }: EnvironmentState,
  roleIds: readonly RoleId[],
  after: MemberKey | undefined,
  limit: number,
): Promise<Candidates> {
  const keys = await stores.memberships.listWithAnyRole(uid, roleIds, { after, limit });
  return { keys, end: keys.length < limit ? undefined : keys.at(-1), cost: keys.length };
}

/** Returns a function that lists the candidates of some organizations, one of these after the other. */
async function listWithin(
  stores: Stores,
  { environment: { uid } }: EnvironmentState,
  roleIds: readonly RoleId[],
  ids: ReadonlySet<string>,
): Promise<ListCandidates> {
  const rows = await readAmong<OrganizationId, { readonly uid: OrganizationUid }>(ids, "", ids.size, (portion) =>
    stores.organizations.listSummaries(uid, { ids: portion, after: "", limit: portion.length, prefix: "" }),
  );
  const uids = rows.map((row) => row.uid).toSorted();
  const leastCost = limits.membersLookedAt / limits.organizationsLookedAt;
  return async (after, limit) => {
    const [organization, ...others] = after ? uids.filter((one) => isNotPassed(one, after)) : uids;
    if (!organization) return { keys: [], end: undefined, cost: 0 };
    const isInside = after?.organizationUid === organization;
    const page = { organization, after: isInside ? after : undefined, limit };
    const keys = await stores.memberships.listWithAnyRole(uid, roleIds, page);
    const passed = others.length ? { organizationUid: organization, userId: lastUserId } : undefined;
    const end = keys.length < limit ? passed : keys.at(-1);
    return { keys, end, cost: Math.max(leastCost, keys.length) };
  };
}

const isNotPassed = (uid: OrganizationUid, { organizationUid, userId }: MemberKey): boolean =>
  uid > organizationUid || (uid === organizationUid && userId !== lastUserId);

/** Returns the members with their organizations, in the order of the keys, without those of removed organizations. */
async function readMembers(
  stores: Stores,
  { environment: { uid } }: EnvironmentState,
  readOrganizations: ReadOrganizations,
  keys: readonly MemberKey[],
): Promise<Found[]> {
  const uids = [...new Set(keys.map(({ organizationUid }) => organizationUid))];
  const states = await readOrganizations(await stores.organizations.findByUid(uid, uids));
  const present = keys.filter(({ organizationUid }) => states.has(organizationUid));
  const memberOf = byKey(await stores.memberships.find(uid, present));
  return present.flatMap((key) => {
    const member = memberOf(key);
    const organization = states.get(key.organizationUid);
    return member && organization ? [{ organization, member }] : [];
  });
}
