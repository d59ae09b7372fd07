import { type EffectiveRoles, type RoleConfigView, idsOf, viewConfig } from "../../domain/effective-roles";
import type { Environment } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { roleConfigChange } from "../../domain/event";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import type { WriteContext } from "../request/idempotency";
import type { ParsedScope } from "../request/scope";

export interface ConfigChange {
  /** The roles of the scope after the change. */
  readonly after: EffectiveRoles;
  /** The columns that change. */
  readonly changes: Partial<Pick<Environment, "defaultRoleId" | "order">>;
}

/**
 * Changes the default role or the priority order of a scope. Stores nothing if callers would see no difference. Throws
 * ORGANIZATION_INHERITS_ENVIRONMENT and ETAG_MISMATCH. Locks the scope, and for an organization the roles of all members.
 */
export function changeConfig<T>(
  { digest, transactions }: Dependencies,
  {
    scope,
    etag,
    context,
  }: { readonly scope: ParsedScope; readonly etag?: string | undefined; readonly context: WriteContext },
  decide: (before: EffectiveRoles) => ConfigChange,
  respond: (config: RoleConfigView, stores: Stores, environment: Environment, after: EffectiveRoles) => T | Promise<T>,
): Promise<T> {
  return transactions.updateMaterializedScope(scope, context, async (stores, record, scopeState) => {
    const { effective, organization, state } = scopeState;
    const { environment } = state;
    if (scope.organizationId && effective.inheritsEnvironment)
      throw refuse.organizationInheritsEnvironment(scope.organizationId);
    const before = viewConfig(digest, effective);
    if (etag && etag !== before.etag) throw refuse.etagMismatch(etag);
    const { after, changes } = decide(effective);
    const config = viewConfig(digest, after);
    if (config.etag !== before.etag) {
      if (organization?.own) {
        const own = { ...organization.own, order: idsOf(after.roles), ...changes };
        await stores.organizations.saveOwn(environment.uid, organization.id, own);
      } else await stores.environments.update(environment.uid, changes);
      record.add({ environment, organization }, roleConfigChange("updated", digest, effective, after));
    }
    return respond(config, stores, environment, after);
  });
}
