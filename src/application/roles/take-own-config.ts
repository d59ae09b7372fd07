import { type RoleConfigView, inheritedConfig, organizationRoles, viewConfig } from "../../domain/effective-roles";
import { roleConfigChange } from "../../domain/event";
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
  return transactions.upsertMaterializedOrganization(scope, context, async (stores, changes, state, organization) => {
    const { environment } = state;
    const before = organizationRoles(state, organization);
    if (organization.own) return viewConfig(digest, before);
    const own = inheritedConfig(state);
    await stores.organizations.saveOwn(environment.uid, organization.id, own);
    const after = organizationRoles(state, { ...organization, own });
    changes.add({ environment, organization }, roleConfigChange("updated", digest, before, after));
    return viewConfig(digest, after);
  });
}
