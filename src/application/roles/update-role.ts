import { refuse } from "../../domain/errors";
import { type RoleView, roleEtag } from "../../domain/role";
import { parseSlug } from "../../domain/slug";
import { parseDescription, parseEtag, parseName, parsePermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields, invalid } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { changeRole } from "./change-role";
import { checkPermissionQuota } from "./role-permissions";

export interface UpdateRole extends Scope {
  readonly slug: string;
  readonly role:
    | { readonly name: string; readonly description: string; readonly permissions: readonly string[] }
    | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Changes the name, the description or the permissions of a role. Throws the errors of `changeRole`, SLUG_IMMUTABLE and
 * ETAG_MISMATCH. Locks the scope.
 */
export async function updateRole(dependencies: Dependencies, request: UpdateRole, call: Call): Promise<RoleView> {
  const fields = new Fields();
  const parsedScope = parseScope(fields, request);
  const parsedSlug = fields.required("slug", request.slug, parseSlug);
  if (parsedSlug !== invalid && request.updateMask?.includes("slug")) throw refuse.slugImmutable(parsedSlug);
  const mask = fields.mask(request.updateMask, ["name", "description", "permissions"]);
  const { role: values } = request;
  if (!values) fields.refuse("role", "is required");
  const { scope, slug, changes, permissions, etag, context } = fields.check({
    scope: parsedScope,
    slug: parsedSlug,
    changes: fields.group({
      ...(mask.has("name") && { name: fields.required("role.name", values?.name, parseName) }),
      ...(mask.has("description") && {
        description: fields.required("role.description", values?.description, parseDescription),
      }),
    }),
    permissions: mask.has("permissions")
      ? fields.set("role.permissions", values?.permissions ?? [], parsePermissionSlug)
      : undefined,
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });
  if (permissions) checkPermissionQuota(dependencies, slug, permissions.length);

  return changeRole(dependencies, scope, slug, context, (present, role) => {
    if (etag && etag !== roleEtag(dependencies.digest, role, present)) throw refuse.etagMismatch(etag);
    return { changes, permissions };
  });
}
