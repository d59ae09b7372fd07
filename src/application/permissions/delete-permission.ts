import { permissionChange } from "../../domain/event";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import {
  type PermissionKey,
  checkPermissionEtag,
  findPermission,
  parsePermissionKey,
  viewPermission,
} from "./permission";

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

  const { transactions, clock } = dependencies;
  return transactions.updateEnvironment(environmentId, context, async (stores, changes, { environment }) => {
    const permission = await findPermission(stores, environment, slug);
    checkPermissionEtag(dependencies, permission, etag);
    const affectedRoleCount = await stores.permissions.countRoles(environment.uid, permission.id);
    await stores.permissions.remove(environment.uid, permission.id, clock());
    const before = viewPermission(dependencies, environment, permission);
    changes.add({ environment }, permissionChange(before, undefined, affectedRoleCount));
    return { affectedRoleCount };
  });
}
