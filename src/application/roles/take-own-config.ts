import { type RoleConfigView, inheritedConfig, organizationRoles, viewConfig } from "../../domain/effective-roles";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";

/**
 * Gives an organization that inherits its own configuration, as its first custom role would. Locks the organization,
 * creates its row where there is none, and locks the roles of all members where the row was there.
 */
export async function takeOwnConfig(
  dependencies: Dependencies,
  request: OrganizationScope,
  call: Call,
): Promise<RoleConfigView> {
  const fields = new Fields();
  const { scope, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    context: parseWriteContext(fields, {}, call),
  });

  const { digest, transactions } = dependencies;
  return transactions.upsertMaterializedOrganization(scope, context, async (stores, state, organization) => {
    const own = organization.own ?? inheritedConfig(state);
    await stores.organizations.saveOwn(state.environment.uid, organization.id, own);
    return viewConfig(digest, organizationRoles(state, { ...organization, own }));
  });
}
