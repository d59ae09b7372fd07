import type { EnvironmentId, GroupId, Name, OrganizationId, UserId } from "./fields";
import type { EnvironmentUid, OrganizationUid, RoleId } from "./ids";
import type { EnvironmentRole, Role } from "./role";

/** An environment as it is stored. */
export interface Environment {
  readonly uid: EnvironmentUid;
  readonly id: EnvironmentId;
  readonly displayName: Name;
  readonly multipleRolesEnabled: boolean;
  readonly createTime: number;
  readonly updateTime: number;
  /** Grows with each environment-level write. */
  readonly revision: number;
  /** Always a live role. */
  readonly defaultRoleId: RoleId;
  readonly order: readonly RoleId[];
}

/** The end of multiple roles: from then on each member has only the highest of its roles of that moment. */
export interface Collapse {
  /** The revision of the environment that switched multiple roles off. */
  readonly revision: number;
  /** The environment's order of that moment. */
  readonly order: readonly RoleId[];
  readonly createTime: number;
}

export interface EnvironmentState {
  readonly environment: Environment;
  /** Live roles and tombstones. */
  readonly roles: ReadonlyMap<RoleId, EnvironmentRole>;
  readonly collapses: readonly Collapse[];
}

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

export interface MemberKey {
  readonly organizationUid: OrganizationUid;
  readonly userId: UserId;
}

/** A member as it is stored. What its roles mean now, `heldRoles` tells. */
export interface Membership extends MemberKey {
  /** Never empty. */
  readonly roleIds: readonly RoleId[];
  /** The environment's revision that the roles were last settled at. */
  readonly asOfRevision: number;
  readonly createTime: number;
  readonly updateTime: number;
}

/** A group mapped to a role, as it is stored. Where the role is gone, `mappedRole` tells what it means. */
export interface GroupRole {
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly createTime: number;
  readonly updateTime: number;
}
