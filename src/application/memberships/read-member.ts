import { refuse } from "../../domain/errors";
import type { Membership } from "../../domain/membership";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { parseOrganizationScope } from "../request/scope";
import { type MembershipExpectation, checkExpectation } from "./expectation";
import { type MemberScope, type MembershipViewer, createMembershipViewer, parseUserId } from "./member";

export interface ReadMember extends MemberScope {
  readonly expected?: MembershipExpectation | undefined;
}

/** Reads the member that a request names, with a viewer for it. Throws MEMBERSHIP_NOT_FOUND. */
export async function readMember(
  dependencies: Dependencies,
  request: ReadMember,
): Promise<{ readonly member: Membership; readonly viewer: MembershipViewer }> {
  const fields = new Fields();
  const { scope, userId } = fields.check({
    scope: parseOrganizationScope(fields, request),
    userId: parseUserId(fields, request),
  });

  const { environmentId, organizationId } = scope;
  const snapshot = await dependencies.snapshots.read(environmentId, [{ organizationId, userId }]);
  const { state: organization } = snapshot.organization(organizationId);
  const member = snapshot.member(organizationId, userId);
  if (!organization || !member) throw refuse.membershipNotFound(organizationId, userId);
  checkExpectation(request.expected, member, organizationId, userId);
  return { member, viewer: createMembershipViewer(dependencies, snapshot.state, organization) };
}
