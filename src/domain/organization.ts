import type { OrganizationUid, RoleId } from "./ids";
import { firstRevision } from "./revision";
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
  /** Grows with each write to the organization. */
  readonly revision: number;
  /** Absent while it inherits the environment. */
  readonly own?: OwnConfig;
}

/** Returns whether the transaction that has locked the organization is the one that creates it. */
export const isCreatedNow = ({ revision }: Organization): boolean => revision === firstRevision;

export interface OrganizationState extends Organization {
  readonly customRoles: readonly Role[];
  /** The replacements of deleted custom roles that members or groups may still refer to. */
  readonly replaced: ReadonlyMap<RoleId, RoleId>;
}
