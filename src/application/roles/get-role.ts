import type { EffectiveAccess } from "../../domain/effective-access";
import { effectiveRole, viewRole } from "../../domain/effective-roles";
import type { RoleView } from "../../domain/role";
import { parseSlug } from "../../domain/slug";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type ParsedScope, type Scope, parseScope } from "../request/scope";

export async function getRole(
  dependencies: Dependencies,
  request: Scope & { readonly slug: string },
): Promise<RoleView> {
  const fields = new Fields();
  const scope = parseScope(fields, request);
  const slug = fields.required("slug", request.slug, parseSlug);
  fields.check();

  const access = await readEffectiveAccess(dependencies, scope);
  const { effective } = access;
  const role = effectiveRole(effective, slug);
  return viewRole(dependencies.digest, effective, role, access.permissionsOf(role.id));
}

/** What holds in a scope now. */
export async function readEffectiveAccess(
  dependencies: Dependencies,
  { environmentId, organizationId }: ParsedScope,
): Promise<EffectiveAccess> {
  const snapshot = await dependencies.snapshots.read(environmentId, organizationId ? [{ organizationId }] : []);
  return organizationId ? snapshot.organization(organizationId).access : snapshot.environment;
}
