import {
  type EffectiveRoles,
  type RoleConfigView,
  inheritedConfig,
  organizationRoles,
  viewConfig,
} from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";

/** Gives an organization that inherits its own configuration, as its first custom role would. */
export async function takeOwnConfig(
  dependencies: Dependencies,
  request: OrganizationScope,
  call: Call,
): Promise<RoleConfigView> {
  const fields = new Fields();
  const { environmentId, organizationId } = parseOrganizationScope(fields, request);
  const context = parseWriteContext(fields, undefined, call);
  fields.check();

  const { digest, transactions } = dependencies;
  return transactions.upsertMaterializedOrganization(
    environmentId,
    organizationId,
    context,
    async (stores, state, organization) => {
      const own = organization.own ?? inheritedConfig(state);
      await stores.organizations.saveOwn(state.environment.uid, organizationId, own);
      return viewConfig(digest, organizationRoles(state, { ...organization, own }));
    },
  );
}

export function requireOwnConfig(effective: EffectiveRoles, organizationId: string | undefined): void {
  if (organizationId && effective.inheritsEnvironment) throw refuse.organizationInheritsEnvironment(organizationId);
}

export function checkEtag(dependencies: Dependencies, effective: EffectiveRoles, etag: string | undefined): void {
  if (etag && etag !== viewConfig(dependencies.digest, effective).etag) throw refuse.etagMismatch(etag);
}
