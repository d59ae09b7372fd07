import { refuse } from "../../domain/errors";
import { type GroupId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { removeIfEmpty } from "../transactions/materialize-members";
import { findMapped } from "./group-role";

export interface DeleteGroupRole extends OrganizationScope {
  readonly groupId: string;
  readonly requestId?: string | undefined;
}

export async function deleteGroupRole(
  dependencies: Dependencies,
  request: DeleteGroupRole,
  call: Call,
): Promise<object> {
  const fields = new Fields();
  const scope = parseOrganizationScope(fields, request);
  const groupId = fields.required<GroupId>("group_id", request.groupId, parseId);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const { transactions, clock } = dependencies;
  return transactions.updateScope(scope, context, async (stores, { state, organization }) => {
    const mapped = organization ? await findMapped(stores, state, organization, [groupId]) : [];
    if (!organization || !mapped.length) throw refuse.groupRoleNotFound(scope.organizationId, groupId);
    const { uid } = state.environment;
    await stores.groupRoles.remove(uid, organization.uid, groupId);
    if (!organization.own) await removeIfEmpty(stores, state, organization, clock());
    return {};
  });
}
