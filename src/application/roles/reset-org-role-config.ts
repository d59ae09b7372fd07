import { type RoleConfigView, organizationRoles, viewConfig } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import { roleConfigChange } from "../../domain/event";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { removeIfEmpty } from "../transactions/remove-if-empty";

/**
 * Has an organization inherit its environment again. Throws ORGANIZATION_HAS_CUSTOM_ROLES. Locks the organization and
 * the roles of all members.
 */
export async function resetOrgRoleConfig(
  dependencies: Dependencies,
  request: OrganizationScope & { readonly requestId?: string | undefined },
  call: Call,
): Promise<RoleConfigView> {
  const fields = new Fields();
  const { scope, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    context: parseWriteContext(fields, request, call),
  });

  const { digest, transactions, clock } = dependencies;
  return transactions.updateMaterializedScope(
    scope,
    context,
    async (stores, changes, { state, organization, effective }) => {
      const { environment } = state;
      const inherited = organizationRoles(state, undefined);
      if (organization?.customRoles.length)
        throw refuse.organizationHasCustomRoles(scope.organizationId, organization.customRoles.length);
      if (organization?.own) {
        await stores.organizations.saveOwn(environment.uid, organization.id, undefined);
        await removeIfEmpty(stores, state, organization, clock());
        changes.add({ environment, organization }, roleConfigChange("reset", digest, effective, inherited));
      }
      return viewConfig(digest, inherited);
    },
  );
}
