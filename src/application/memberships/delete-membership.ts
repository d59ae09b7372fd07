import { refuse } from "../../domain/errors";
import { membershipChange } from "../../domain/event";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseOrganizationScope } from "../request/scope";
import { removeIfEmpty } from "../transactions/remove-if-empty";
import { type MembershipExpectation, checkExpectation } from "./expectation";
import { findMember } from "./find-member";
import { type MemberScope, checkMembershipEtag, createMembershipViewer, parseUserId } from "./member";

export interface DeleteMembership extends MemberScope {
  readonly etag?: string | undefined;
  /** The membership that is to be deleted, if not any. */
  readonly expected?: MembershipExpectation | undefined;
  readonly requestId?: string | undefined;
}

/** Deletes a member. Throws MEMBERSHIP_NOT_FOUND and ETAG_MISMATCH. Locks the organization. */
export async function deleteMembership(
  dependencies: Dependencies,
  request: DeleteMembership,
  call: Call,
): Promise<object> {
  const fields = new Fields();
  const { scope, userId, etag, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    userId: parseUserId(fields, request),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  return transactions.updateScope(scope, context, async (stores, changes, { state, organization }) => {
    const membership = await findMember(stores, state, organization, userId);
    if (!organization || !membership) throw refuse.membershipNotFound(scope.organizationId, userId);
    checkExpectation(request.expected, membership, scope.organizationId, userId);
    if (etag) checkMembershipEtag(dependencies, state, organization, userId, membership, etag);
    const { environment } = state;
    const before = createMembershipViewer(dependencies, state, organization).identify(membership);
    await stores.memberships.remove(environment.uid, membership);
    if (!organization.own) await removeIfEmpty(stores, state, organization, clock());
    changes.add({ environment, organization }, membershipChange(before, undefined));
    return {};
  });
}
