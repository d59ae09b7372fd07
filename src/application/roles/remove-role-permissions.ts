import { refuse } from "../../domain/errors";
import type { RoleView } from "../../domain/role";
import type { Dependencies } from "../dependencies";
import type { Call } from "../request/idempotency";
import { changeRole } from "./change-role";
import { type PermissionChange, parsePermissionChange } from "./permission-change";

export interface RemoveRolePermissions extends PermissionChange {
  /** Whether the role must have all of them before. */
  readonly mustHaveAll?: boolean | undefined;
}

/**
 * Removes permissions that a role has. Throws the errors of `changeRole`, and with `mustHaveAll` PERMISSION_NOT_FOUND for a
 * permission that the role does not have. Locks the scope.
 */
export async function removeRolePermissions(
  dependencies: Dependencies,
  request: RemoveRolePermissions,
  call: Call,
): Promise<RoleView> {
  const { scope, slug, permissions, context } = parsePermissionChange(dependencies, request, call);
  const removed = new Set(permissions);
  return changeRole(dependencies, scope, slug, context, (present) => {
    const absent = request.mustHaveAll ? permissions.find((permission) => !present.includes(permission)) : undefined;
    if (absent) throw refuse.permissionNotFound(absent);
    return { permissions: present.filter((permission) => !removed.has(permission)), named: permissions };
  });
}
