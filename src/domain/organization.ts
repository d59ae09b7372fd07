import type { OrganizationUid, RoleId } from "./ids";
import type { Role } from "./role";
import type { OrganizationId } from "./values";

/** An organization's own default role and order. Both may name environment roles deleted since. */
export interface OwnConfig {
  readonly defaultRoleId: RoleId;
  readonly order: readonly RoleId[];
}

/** An organization as it is stored, once it has been written to. */
export interface Organization {
  readonly uid: OrganizationUid;
  readonly id: OrganizationId;
  /** Grows with each write to the organization; 1 in the transaction that makes it. */
  readonly revision: number;
  /** Absent while it inherits the environment. */
  readonly own?: OwnConfig;
}

export interface OrganizationState extends Organization {
  readonly customRoles: readonly Role[];
  /** Deleted custom roles that members or groups may still refer to, and what took their place. */
  readonly replaced: ReadonlyMap<RoleId, RoleId>;
}
