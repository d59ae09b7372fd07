import type { MembershipView } from "../../domain/membership-view";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import type { MembershipPlace } from "../ports/membership-store";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { type TwoWayPage, type TwoWayRequest, readTwoWayPage } from "../request/two-way-page";
import { createMembershipViewer } from "./member";

export interface PageMemberships extends OrganizationScope {
  readonly page: TwoWayRequest<MembershipPlace>;
}

/** Returns a page of the members of an organization, in order of the beginnings of their memberships. */
export async function pageMemberships(
  dependencies: Dependencies,
  request: PageMemberships,
  { signal }: Call,
): Promise<TwoWayPage<MembershipView>> {
  const fields = new Fields();
  const { scope } = fields.check({ scope: parseOrganizationScope(fields, request) });

  return dependencies.transactions.read(scope, signal, async (stores, { state, organization }) => {
    if (!organization) return { items: [], hasBefore: false, hasAfter: false };
    const { uid } = state.environment;
    const { view } = createMembershipViewer(dependencies, state, organization);
    return readTwoWayPage(request.page, async (walk) =>
      mapInSlices(await stores.memberships.listByCreation(uid, organization.uid, walk), view),
    );
  });
}
