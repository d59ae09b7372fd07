import { type RoleConfigView, effectiveRole, idsOf, viewConfig } from "../../domain/effective-roles";
import { parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { checkEtag, requireOwnConfig } from "./role-config";

export interface SetDefaultRole extends Scope {
  readonly slug: string;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export async function setDefaultRole(
  dependencies: Dependencies,
  request: SetDefaultRole,
  call: Call,
): Promise<RoleConfigView> {
  const fields = new Fields();
  const scope = parseScope(fields, request);
  const slug = fields.required("slug", request.slug, parseSlug);
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const { digest, transactions } = dependencies;
  return transactions.updateMaterializedScope(
    scope,
    context,
    async (stores, { state: { environment }, effective, organization }) => {
      requireOwnConfig(effective, scope.organizationId);
      checkEtag(dependencies, effective, etag);
      const after = { ...effective, defaultRole: effectiveRole(effective, slug) };
      const defaultRoleId = after.defaultRole.id;
      if (organization?.own) {
        const own = { ...organization.own, defaultRoleId, order: idsOf(effective.roles) };
        await stores.organizations.saveOwn(environment.uid, organization.id, own);
      } else await stores.environments.update(environment.uid, { defaultRoleId });
      return viewConfig(digest, after);
    },
  );
}
