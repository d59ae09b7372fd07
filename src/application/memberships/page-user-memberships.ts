import type { MembershipView } from "../../domain/membership-view";
import type { EnvironmentUid } from "../../domain/ids";
import { type OrganizationId, type UserId, isId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import type { Walk } from "../ports/walk";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { type TwoWayPage, type TwoWayRequest, isBeyond, readTwoWayPage } from "../request/two-way-page";
import { createMembershipViewer, parseUserId } from "./member";

export interface PageUserMemberships {
  readonly environmentId: string;
  readonly userId: string;
  /** Its cursors are ids of organizations. */
  readonly page: TwoWayRequest<string>;
}

/** Returns a page of the memberships of a user in the organizations of the caller, in order of the organizations' ids. */
export async function pageUserMemberships(
  dependencies: Dependencies,
  request: PageUserMemberships,
  { signal, organizations }: Call,
): Promise<TwoWayPage<MembershipView>> {
  const fields = new Fields();
  const { environmentId, userId } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    userId: parseUserId(fields, request),
  });

  return dependencies.transactions.readAcross(environmentId, signal, async (stores, { state }, readOrganizations) => {
    const { uid } = state.environment;
    return readTwoWayPage(request.page, async (walk) => {
      const ids = organizations ? selectIds(organizations, walk) : await listOrganizationsOf(stores, uid, userId, walk);
      const rows = await stores.organizations.find(uid, ids);
      const states = await readOrganizations(rows);
      const keys = rows.map((organization) => ({ organizationUid: organization.uid, userId }));
      const found = (await stores.memberships.find(uid, keys)).flatMap((member) => {
        const organization = states.get(member.organizationUid);
        return organization ? [createMembershipViewer(dependencies, state, organization).view(member)] : [];
      });
      const ordered = found.toSorted((one, other) => (one.organizationId < other.organizationId ? -1 : 1));
      return (walk.isBackwards ? ordered.toReversed() : ordered).slice(0, walk.limit);
    });
  });
}

/** Returns all organizations of a restricted caller that come in question: the user may be a member of few of them. */
function selectIds(organizations: ReadonlySet<string>, walk: Walk<string>): OrganizationId[] {
  return [...organizations].filter((id): id is OrganizationId => isId(id) && isBeyond(walk, id));
}

const listOrganizationsOf = (
  { organizations }: Stores,
  uid: EnvironmentUid,
  userId: UserId,
  { beyond, isBackwards, limit }: Walk<string>,
): Promise<OrganizationId[]> =>
  isBackwards
    ? organizations.listOfUserBackwards(uid, userId, beyond, limit)
    : organizations.listOfUser(uid, userId, beyond ?? "", limit);
