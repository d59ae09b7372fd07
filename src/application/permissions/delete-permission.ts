import { refuse } from "../../domain/errors";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type PermissionKey, checkEtag, parseKey } from "./permission";

export interface DeletePermission extends PermissionKey {
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export async function deletePermission(
  dependencies: Dependencies,
  request: DeletePermission,
  call: Call,
): Promise<{ readonly affectedRoleCount: number }> {
  const fields = new Fields();
  const { environmentId, slug } = parseKey(fields, request);
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  return dependencies.transactions.updateEnvironment(environmentId, context, async (stores, { environment }) => {
    const permission = await stores.permissions.find(environment.uid, slug);
    if (!permission) throw refuse.permissionNotFound(slug);
    checkEtag(dependencies, permission, etag);
    const affectedRoleCount = await stores.permissions.countRoles(environment.uid, permission.id);
    await stores.permissions.remove(environment.uid, permission.id, dependencies.clock());
    return { affectedRoleCount };
  });
}
