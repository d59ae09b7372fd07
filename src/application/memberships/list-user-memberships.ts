import type { EnvironmentUid } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { type Membership, byKey, countRoles } from "../../domain/membership";
import type { MembershipView } from "../../domain/membership-view";
import type { Organization } from "../../domain/organization";
import { type OrganizationId, type UserId, isId } from "../../domain/values";
import { Portions } from "../../event-loop/portions";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Page, type PageRequest, pageOf, parsePageSize, parsePageToken } from "../request/page";
import { parseEnvironmentId } from "../request/scope";
import { createMembershipViewer, parseUserId } from "./member";

export interface ListUserMemberships extends PageRequest {
  readonly environmentId: string;
  readonly userId: string;
}

interface Found {
  readonly organization: Organization;
  readonly member: Membership;
}

/** Returns the memberships of a user in the organizations of the caller, in order of the organizations' ids. */
export async function listUserMemberships(
  dependencies: Dependencies,
  request: ListUserMemberships,
  { signal, organizations }: Call,
): Promise<Page<MembershipView>> {
  const fields = new Fields();
  const { environmentId, userId, pageSize } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    userId: parseUserId(fields, request),
    pageSize: parsePageSize(fields, request),
  });
  const list = ["ListUserMemberships", environmentId, userId];
  const after = parsePageToken(list, request)?.key ?? "";

  return dependencies.transactions.readAcross(environmentId, signal, async (stores, { state }, readOrganizations) => {
    const { uid } = state.environment;
    const ids = organizations
      ? idsAfter(organizations, after)
      : await stores.organizations.listOfUser(uid, userId, after, pageSize + 1);
    const { found, isCut } = await findFirst(stores, uid, userId, ids, pageSize + 1);
    const size = isCut ? found.length - 1 : pageSize;
    const { items, nextPageToken } = pageOf(list, found, size, ({ organization }) => organization.id);
    const states = await readOrganizations(items.map(({ organization }) => organization));
    const views = await mapInSlices(items, ({ organization, member }) => {
      const itsState = states.get(organization.uid);
      return itsState ? [createMembershipViewer(dependencies, state, itsState).view(member)] : [];
    });
    return { items: views.flat(), nextPageToken };
  });
}

const idsAfter = (organizations: ReadonlySet<string>, after: string): OrganizationId[] =>
  [...organizations].filter((id): id is OrganizationId => isId(id) && id > after).toSorted();

/**
 * Returns the user's memberships in the first of the organizations: as many as there are up to the limit, or fewer where
 * their roles are very many, with `isCut`.
 */
async function findFirst(
  stores: Stores,
  uid: EnvironmentUid,
  userId: UserId,
  ids: readonly OrganizationId[],
  limit: number,
): Promise<{ readonly found: readonly Found[]; readonly isCut: boolean }> {
  const found: Found[] = [];
  const portions = new Portions();
  let references = 0;
  for (let start = 0; start < ids.length && found.length < limit; ) {
    const portion = ids.slice(start, start + portions.size);
    const rows = await stores.organizations.find(uid, portion);
    const keyOf = (organization: Organization) => ({ organizationUid: organization.uid, userId });
    const members = await stores.memberships.find(uid, rows.map(keyOf));
    const memberOf = byKey(members);
    for (const organization of rows) {
      const member = memberOf(keyOf(organization));
      if (member) found.push({ organization, member });
    }
    references += countRoles(members);
    portions.addRows(portion.length, countRoles(members));
    start += portion.length;
    const hasMore = start < ids.length && found.length < limit;
    if (hasMore && found.length > 1 && references > limits.pageRoleReferences) return { found, isCut: true };
  }
  return { found: found.slice(0, limit), isCut: false };
}
