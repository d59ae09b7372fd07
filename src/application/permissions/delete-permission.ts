import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type PermissionKey, checkPermissionEtag, findPermission, parsePermissionKey } from "./permission";

export interface DeletePermission extends PermissionKey {
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Deletes a permission, also from the roles that have it. Throws PERMISSION_NOT_FOUND and ETAG_MISMATCH. Locks the
 * environment.
 */
export async function deletePermission(
  dependencies: Dependencies,
  request: DeletePermission,
  call: Call,
): Promise<{ readonly affectedRoleCount: number }> {
  const fields = new Fields();
  const { environmentId, slug, etag, context } = fields.check({
    ...parsePermissionKey(fields, request),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  return dependencies.transactions.updateEnvironment(environmentId, context, async (stores, { environment }) => {
    const permission = await findPermission(stores, environment, slug);
    checkPermissionEtag(dependencies, permission, etag);
    const affectedRoleCount = await stores.permissions.countRoles(environment.uid, permission.id);
    await stores.permissions.remove(environment.uid, permission.id, dependencies.clock());
    return { affectedRoleCount };
  });
}
