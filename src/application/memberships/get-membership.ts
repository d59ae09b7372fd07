import { refuse } from "../../domain/errors";
import type { MembershipView } from "../../domain/membership-view";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { parseOrganizationScope } from "../request/scope";
import { type MembershipExpectation, checkExpectation } from "./expectation";
import { type MemberScope, createMembershipViewer, parseUserId } from "./member";

/** Returns a member. Throws MEMBERSHIP_NOT_FOUND. */
export async function getMembership(
  dependencies: Dependencies,
  request: MemberScope & { readonly expected?: MembershipExpectation | undefined },
): Promise<MembershipView> {
  const fields = new Fields();
  const { scope, userId } = fields.check({
    scope: parseOrganizationScope(fields, request),
    userId: parseUserId(fields, request),
  });

  const { environmentId, organizationId } = scope;
  const snapshot = await dependencies.snapshots.read(environmentId, [{ organizationId, userId }]);
  const { state: organization } = snapshot.organization(organizationId);
  const membership = snapshot.member(organizationId, userId);
  if (!organization || !membership) throw refuse.membershipNotFound(organizationId, userId);
  checkExpectation(request.expected, membership, organizationId, userId);
  return createMembershipViewer(dependencies, snapshot.state, organization).view(membership);
}
