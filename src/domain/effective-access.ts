import type { EffectiveRoles } from "./effective-roles";
import type { RoleId } from "./ids";
import type { PermissionSet, PermissionTable } from "./permission-set";
import type { PermissionSlug } from "./values";

/** What holds in an environment or an organization, as long as their revisions are those it was made from. */
export interface EffectiveAccess {
  readonly effective: EffectiveRoles;
  /** Of each role, sorted. */
  readonly permissions: ReadonlyMap<RoleId, readonly PermissionSlug[]>;
  /** The same, as sets of what the table has. */
  readonly sets: ReadonlyMap<RoleId, PermissionSet>;
  readonly table: PermissionTable;
}
