import { refuse } from "../../domain/errors";
import type { RoleAssignmentView } from "../../domain/membership-view";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { parseOrganizationScope } from "../request/scope";
import { type MembershipExpectation, checkExpectation } from "./expectation";
import { type MemberScope, createMembershipViewer, parseUserId } from "./member";

export interface ListMemberRoles extends MemberScope {
  readonly expected?: MembershipExpectation | undefined;
}

/** Returns the roles of a member, in priority order, each with its id. Throws MEMBERSHIP_NOT_FOUND. */
export async function listMemberRoles(
  dependencies: Dependencies,
  request: ListMemberRoles,
): Promise<RoleAssignmentView[]> {
  const fields = new Fields();
  const { scope, userId } = fields.check({
    scope: parseOrganizationScope(fields, request),
    userId: parseUserId(fields, request),
  });

  const { environmentId, organizationId } = scope;
  const snapshot = await dependencies.snapshots.read(environmentId, [{ organizationId, userId }]);
  const { state: organization } = snapshot.organization(organizationId);
  const found = snapshot.member(organizationId, userId);
  if (!organization || !found) throw refuse.membershipNotFound(organizationId, userId);
  checkExpectation(request.expected, found, organizationId, userId);
  const { view: membership, roleIds } = createMembershipViewer(dependencies, snapshot.state, organization).identify(
    found,
  );
  return roleIds.flatMap((roleId, index) => {
    const roleSlug = membership.roleSlugs[index];
    return roleSlug ? [{ membership, roleId, roleSlug }] : [];
  });
}
