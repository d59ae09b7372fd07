import { type RoleConfigView, effectiveRole, idsOf, viewConfig } from "../../domain/effective-roles";
import { roleConfigChange } from "../../domain/event";
import { parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { checkConfigEtag, requireOwnConfig } from "./role-config";

export interface SetDefaultRole extends Scope {
  readonly slug: string;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Changes the default role of a scope. Throws ROLE_NOT_FOUND, ORGANIZATION_INHERITS_ENVIRONMENT and ETAG_MISMATCH. Locks
 * the scope, and for an organization the roles of all members.
 */
export async function setDefaultRole(
  dependencies: Dependencies,
  request: SetDefaultRole,
  call: Call,
): Promise<RoleConfigView> {
  const fields = new Fields();
  const { scope, slug, etag, context } = fields.check({
    scope: parseScope(fields, request),
    slug: fields.required("slug", request.slug, parseSlug),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const { digest, transactions } = dependencies;
  return transactions.updateMaterializedScope(
    scope,
    context,
    async (stores, changes, { state, effective, organization }) => {
      requireOwnConfig(effective, scope.organizationId);
      checkConfigEtag(dependencies, effective, etag);
      const { environment } = state;
      const { uid } = environment;
      const after = { ...effective, defaultRole: effectiveRole(effective, slug) };
      const defaultRoleId = after.defaultRole.id;
      if (defaultRoleId === effective.defaultRole.id) return viewConfig(digest, effective);
      if (organization?.own)
        await stores.organizations.saveOwn(uid, organization.id, { defaultRoleId, order: idsOf(effective.roles) });
      else await stores.environments.update(uid, { defaultRoleId });
      changes.add({ environment, organization }, roleConfigChange("updated", digest, effective, after));
      return viewConfig(digest, after);
    },
  );
}
