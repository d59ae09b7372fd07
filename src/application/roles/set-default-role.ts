import { type EffectiveRoles, type RoleConfigView, effectiveRole } from "../../domain/effective-roles";
import { parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { changeConfig } from "./change-config";

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
  const { slug, ...parsed } = fields.check({
    scope: parseScope(fields, request),
    slug: fields.required("slug", request.slug, parseSlug),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const decide = (before: EffectiveRoles) => {
    const defaultRole = effectiveRole(before, slug);
    return { after: { ...before, defaultRole }, changes: { defaultRoleId: defaultRole.id } };
  };
  return changeConfig(dependencies, parsed, decide, (config) => config);
}
