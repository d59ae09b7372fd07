import { organizationDataDeleted } from "../../domain/event";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";

/** Deletes the configuration, custom roles, members and groups of an organization. Locks the organization. */
export async function deleteOrganizationData(
  dependencies: Dependencies,
  request: OrganizationScope & { readonly requestId?: string | undefined },
  call: Call,
): Promise<{ readonly deletedRoleCount: number; readonly deletedMembershipCount: number }> {
  const fields = new Fields();
  const { scope, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    context: parseWriteContext(fields, request, call),
  });

  return dependencies.transactions.updateScope(scope, context, async (stores, changes, { state, organization }) => {
    if (!organization) return { deletedRoleCount: 0, deletedMembershipCount: 0 };
    const { environment } = state;
    const { uid } = environment;
    const deletedRoleCount = organization.customRoles.length;
    const deletedMembershipCount = await stores.memberships.count(uid, organization.uid);
    await stores.roles.removeAll(uid, scope.organizationId);
    await stores.organizations.remove(uid, organization, dependencies.clock());
    const counts = { deletedRoleCount, deletedMembershipCount };
    changes.add({ environment, organization }, organizationDataDeleted({ ...counts, eventsErased: false }));
    return counts;
  });
}
