import type { EffectiveRoles } from "./effective-roles";
import type { RoleId } from "./ids";
import type { PermissionSet, PermissionTable } from "./permission-set";
import type { PermissionSlug } from "./values";

/**
 * The roles in force in an environment or an organization, with their permissions. It belongs to one snapshot: new
 * revisions have new objects, so that values computed from it can be memoized by its identity.
 */
export interface EffectiveAccess {
  readonly effective: EffectiveRoles;
  /** The permissions of each role, sorted. */
  readonly permissions: ReadonlyMap<RoleId, readonly PermissionSlug[]>;
  /** The same permissions as sets over the table. */
  readonly sets: ReadonlyMap<RoleId, PermissionSet>;
  readonly table: PermissionTable;
}
