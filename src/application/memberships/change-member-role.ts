import { refuse } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import type { RoleId } from "../../domain/ids";
import type { MembershipView } from "../../domain/membership-view";
import type { Role } from "../../domain/role";
import { resolveMemberRoles } from "../../domain/role-resolution";
import type { Slug } from "../../domain/slug";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseOrganizationScope } from "../request/scope";
import { checkExpectation } from "./expectation";
import { findAssignableRoles } from "./find-assignable-roles";
import { findMember } from "./find-member";
import { type MembershipViewer, createMembershipViewer, parseUserId } from "./member";
import type { ReadMember } from "./read-member";
import { saveMembers } from "./save-members";

export interface MemberChange extends ReadMember {
  readonly requestId?: string | undefined;
}

/** Returns the slugs of the roles that a member is to have instead of the present ones; none: the default role. */
type Decide = (present: readonly Role[], viewer: MembershipViewer) => readonly Slug[];

/**
 * Changes the roles of one member by what `decide` returns, and has `respond` make the response of the transaction. Throws
 * MEMBERSHIP_NOT_FOUND, ROLE_NOT_ASSIGNABLE and MULTIPLE_ROLES_DISABLED. Locks the organization.
 */
export async function changeMemberRole<T>(
  dependencies: Dependencies,
  request: MemberChange,
  call: Call,
  decide: Decide,
  respond: (membership: MembershipView, viewer: MembershipViewer) => T,
): Promise<T> {
  const fields = new Fields();
  const { scope, userId, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    userId: parseUserId(fields, request),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  const time = clock();
  return transactions.updateScope(scope, context, async (stores, changes, { state, organization }) => {
    const present = await findMember(stores, state, organization, userId);
    checkExpectation(request.expected, present, scope.organizationId, userId);
    if (!organization || !present) throw refuse.membershipNotFound(scope.organizationId, userId);
    const viewer = createMembershipViewer(dependencies, state, organization);
    const { effective } = viewer;
    const held = new Set<RoleId>(resolveMemberRoles(state, organization, present));
    const slugs = decide(
      effective.roles.filter(({ id }) => held.has(id)),
      viewer,
    );
    const [roleIds = []] = await findAssignableRoles(state, [{ effective, field: "role_slug", slugs }]);
    const member = { viewer, userId, roleIds, present };
    const [saved] = await saveMembers(stores, changes, state.environment, [member], time);
    if (!saved) throw new Fault("a membership was changed and not returned");
    return respond(saved, viewer);
  });
}
