import type { OrganizationUid, RoleId } from "./ids";
import type { Role } from "./role";
import type { OrganizationId } from "./values";

/** An organization's own default role and order. Both may name environment roles that have been deleted since. */
export interface OwnConfig {
  readonly defaultRoleId: RoleId;
  readonly order: readonly RoleId[];
}

/** An organization as it is stored. It has a row only while it has data. */
export interface Organization {
  readonly uid: OrganizationUid;
  readonly id: OrganizationId;
  /**
   * Grows with each write to the organization. It never decreases for an id, also if the organization has no row
   * meanwhile.
   */
  readonly revision: number;
  /** Absent while it inherits the environment. */
  readonly own?: OwnConfig;
  /** Present in the transaction that creates its row. */
  readonly isNew?: true;
}

export interface OrganizationState extends Organization {
  readonly customRoles: readonly Role[];
  /** The replacements of deleted custom roles that members or groups may still refer to. */
  readonly replaced: ReadonlyMap<RoleId, RoleId>;
}
