import { effectiveRole, viewRole } from "../../domain/effective-roles";
import type { RoleView } from "../../domain/role";
import { parseSlug } from "../../domain/slug";
import type { Dependencies } from "../dependencies";
import { readEffectiveAccess } from "../reads/read-effective-access";
import { Fields } from "../request/fields";
import { type Scope, parseScope } from "../request/scope";

/** Returns a role in force in a scope. Throws ROLE_NOT_FOUND. */
export async function getRole(
  dependencies: Dependencies,
  request: Scope & { readonly slug: string },
): Promise<RoleView> {
  const fields = new Fields();
  const { scope, slug } = fields.check({
    scope: parseScope(fields, request),
    slug: fields.required("slug", request.slug, parseSlug),
  });

  const access = await readEffectiveAccess(dependencies, scope);
  const { effective } = access;
  const role = effectiveRole(effective, slug);
  return viewRole(dependencies.digest, effective, role, access.permissionsOf(role.id));
}
