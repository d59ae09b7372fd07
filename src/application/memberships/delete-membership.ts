import { refuse } from "../../domain/errors";
import { type UserId, parseEtag, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseOrganizationScope } from "../request/scope";
import { removeIfEmpty } from "../transactions/materialize-members";
import { findMember } from "./find-member";
import { type MemberScope, checkMembershipEtag } from "./member";

export interface DeleteMembership extends MemberScope {
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export async function deleteMembership(
  dependencies: Dependencies,
  request: DeleteMembership,
  call: Call,
): Promise<object> {
  const fields = new Fields();
  const scope = parseOrganizationScope(fields, request);
  const userId = fields.required<UserId>("user_id", request.userId, parseId);
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const { transactions, clock } = dependencies;
  return transactions.updateScope(scope, context, async (stores, { state, organization }) => {
    const membership = await findMember(stores, state, organization, userId);
    if (!organization || !membership) throw refuse.membershipNotFound(scope.organizationId, userId);
    if (etag) checkMembershipEtag(dependencies, state, organization, userId, membership, etag);
    const { uid } = state.environment;
    await stores.memberships.remove(uid, membership);
    if (!organization.own) await removeIfEmpty(stores, state, organization, clock());
    return {};
  });
}
