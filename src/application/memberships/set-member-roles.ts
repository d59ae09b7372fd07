import { Fault } from "../../domain/fault";
import type { MembershipView } from "../../domain/membership-view";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { assignRoles, parseAssignment } from "./assign-roles";
import type { MembershipExpectation } from "./expectation";
import type { MemberScope } from "./member";

export interface SetMemberRoles extends MemberScope {
  readonly roleSlugs: readonly string[];
  readonly etag?: string | undefined;
  /** The membership that must be there, or that there must be none. Absent: any, or none. */
  readonly expected?: MembershipExpectation | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Sets the roles of a member, which is created where there is none. Throws ROLE_NOT_ASSIGNABLE, MULTIPLE_ROLES_DISABLED,
 * MEMBERSHIP_NOT_FOUND (with an etag or an expectation), MEMBERSHIP_EXISTS (with an expectation) and ETAG_MISMATCH. Locks
 * the organization, and creates its row where there is none.
 */
export async function setMemberRoles(
  dependencies: Dependencies,
  request: SetMemberRoles,
  call: Call,
): Promise<MembershipView> {
  const fields = new Fields();
  const { environmentId, assignment, etag, context } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    assignment: parseAssignment(fields, request, ""),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const [membership] = await assignRoles(dependencies, environmentId, [assignment], context, {
    etag,
    expected: request.expected,
  });
  if (!membership) throw new Fault("a membership was set and not returned");
  return membership;
}
