import { parseSlug } from "../../domain/slug";
import { parsePermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";

export interface PermissionChange extends Scope {
  readonly slug: string;
  readonly permissions: readonly string[];
  readonly requestId?: string | undefined;
}

/** Parses a request to add or remove permissions of a role. */
export function parsePermissionChange(dependencies: Dependencies, request: PermissionChange, call: Call) {
  const fields = new Fields();
  return fields.check({
    scope: parseScope(fields, request),
    slug: fields.required("slug", request.slug, parseSlug),
    permissions: parsePermissions(fields, request, dependencies.quotas.permissions),
    context: parseWriteContext(fields, request, call),
  });
}

function parsePermissions(fields: Fields, request: PermissionChange, limit: number) {
  const permissions = fields.set("permissions", request.permissions, parsePermissionSlug);
  if (permissions.length > limit) fields.refuse("permissions", `must name at most ${limit} permissions`);
  return permissions;
}
