import { refuse } from "../../domain/errors";
import type { EnvironmentUid, PermissionId } from "../../domain/ids";
import type { Role } from "../../domain/role";
import type { PermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { Stores } from "../ports/unit-of-work";

/** Returns the permissions of a role, sorted. */
export async function readPermissions(
  stores: Stores,
  uid: EnvironmentUid,
  { id, organizationId }: Role,
): Promise<readonly PermissionSlug[]> {
  return (await stores.roles.permissionsOf(uid, [organizationId], id)).get(id) ?? [];
}

/** Returns the ids of permissions, those of `others` where they still exist. Throws PERMISSION_UNKNOWN. */
export async function findPermissionIds(
  stores: Stores,
  uid: EnvironmentUid,
  required: readonly PermissionSlug[],
  others: readonly PermissionSlug[] = [],
): Promise<ReadonlyMap<PermissionSlug, PermissionId>> {
  const ids = await stores.permissions.idsOf(uid, [...new Set([...required, ...others])]);
  const unknown = required.filter((slug) => !ids.has(slug));
  if (unknown.length) throw refuse.permissionUnknown(unknown);
  return ids;
}

/** Throws PERMISSION_LIMIT_REACHED if a role would have more permissions than it may. */
export function checkPermissionQuota(dependencies: Dependencies, role: string, count: number): void {
  const limit = dependencies.quotas.permissionsPerRole;
  if (count > limit) throw refuse.permissionLimitReached(`roles/${role}`, limit);
}
