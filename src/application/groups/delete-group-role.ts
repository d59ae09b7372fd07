import { refuse } from "../../domain/errors";
import { groupRoleChange } from "../../domain/event";
import { type GroupId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { removeIfEmpty } from "../transactions/remove-if-empty";
import { findGroupRoles, identifyGroupRole } from "./group-role";

export interface DeleteGroupRole extends OrganizationScope {
  readonly groupId: string;
  readonly requestId?: string | undefined;
}

/** Deletes the mapping of a group. Throws GROUP_ROLE_NOT_FOUND. Locks the organization. */
export async function deleteGroupRole(
  dependencies: Dependencies,
  request: DeleteGroupRole,
  call: Call,
): Promise<object> {
  const fields = new Fields();
  const { scope, groupId, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    groupId: fields.required<GroupId>("group_id", request.groupId, parseId),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  return transactions.updateScope(scope, context, async (stores, changes, { state, organization, effective }) => {
    const [mapped] = organization ? await findGroupRoles(stores, state, organization, [groupId]) : [];
    if (!organization || !mapped) throw refuse.groupRoleNotFound(scope.organizationId, groupId);
    await stores.groupRoles.remove(state.environment.uid, organization.uid, groupId);
    if (!organization.own) await removeIfEmpty(stores, state, organization, clock());
    const before = identifyGroupRole(effective, organization, mapped);
    changes.add({ environment: state.environment, organization }, groupRoleChange(before, undefined));
    return {};
  });
}
