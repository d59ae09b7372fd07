import type { RoleView } from "../../domain/role";
import type { Dependencies } from "../dependencies";
import type { Call } from "../request/idempotency";
import { changeRole } from "./change-role";
import { type PermissionChange, parsePermissionChange } from "./permission-change";
import { checkPermissionQuota } from "./role-permissions";

/** Adds permissions that a role does not have yet. Throws the errors of `changeRole`. Locks the scope. */
export async function addRolePermissions(
  dependencies: Dependencies,
  request: PermissionChange,
  call: Call,
): Promise<RoleView> {
  const { scope, slug, permissions, context } = parsePermissionChange(dependencies, request, call);
  checkPermissionQuota(dependencies, slug, permissions.length);
  return changeRole(dependencies, scope, slug, context, (present) => ({
    permissions: [...new Set([...present, ...permissions])],
    named: permissions,
  }));
}
