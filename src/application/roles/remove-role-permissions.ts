import type { RoleView } from "../../domain/role";
import type { Dependencies } from "../dependencies";
import type { Call } from "../request/idempotency";
import { changeRole } from "./change-role";
import { type PermissionChange, parsePermissionChange } from "./permission-change";

/** Removes permissions that a role has. Throws the errors of `changeRole`. Locks the scope. */
export async function removeRolePermissions(
  dependencies: Dependencies,
  request: PermissionChange,
  call: Call,
): Promise<RoleView> {
  const { scope, slug, permissions, context } = parsePermissionChange(dependencies, request, call);
  const removed = new Set(permissions);
  return changeRole(dependencies, scope, slug, context, (present) => ({
    permissions: present.filter((permission) => !removed.has(permission)),
    named: permissions,
  }));
}
