import type { Environment } from "../../domain/environment";
import { permissionChange } from "../../domain/event";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { refuseForActingUser } from "../transactions/escalation-guard";
import {
  type PermissionKey,
  checkPermissionEtag,
  findPermission,
  parsePermissionKey,
  viewPermission,
} from "./permission";

export interface DeletePermission extends PermissionKey {
  readonly validateOnly?: boolean | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Deletes a permission, also from the roles that have it. Throws PERMISSION_NOT_FOUND and ETAG_MISMATCH. Locks the
 * environment. With `validateOnly` only counts.
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
  const { validateOnly = false } = request;
  const find = async (stores: Stores, environment: Environment) => {
    const permission = await findPermission(stores, environment, slug);
    checkPermissionEtag(dependencies, permission, etag);
    return { permission, affectedRoleCount: await stores.permissions.countRoles(environment.uid, permission.id) };
  };
  const remove = () =>
    transactions.updateEnvironment(environmentId, context, async (stores, changes, { environment }) => {
      const { permission, affectedRoleCount } = await find(stores, environment);
      await stores.permissions.remove(environment.uid, permission.id, clock());
      const before = viewPermission(dependencies, environment, permission);
      changes.add({ environment }, permissionChange(before, undefined, affectedRoleCount));
      return { affectedRoleCount };
    });
  if (!validateOnly) return remove();
  return transactions.readEnvironment(environmentId, context.signal, async (stores, environment) => {
    refuseForActingUser(environment, context);
    const { affectedRoleCount } = await find(stores, environment);
    return { affectedRoleCount };
  });
}
