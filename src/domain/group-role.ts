import type { RoleId } from "./ids";
import type { Slug } from "./slug";
import type { EnvironmentId, GroupId, OrganizationId } from "./values";

/** A group mapped to a role, as it is stored. `resolveGroupRole` returns the live role that it leads to. */
export interface GroupRole {
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly createTime: number;
  readonly updateTime: number;
}

/** A mapped group as a caller sees it, with the id of its role. */
export interface IdentifiedGroupRole {
  readonly view: GroupRoleView;
  readonly roleId: RoleId;
}

/** A mapped group as a caller sees it. */
export interface GroupRoleView {
  readonly environmentId: EnvironmentId;
  readonly organizationId: OrganizationId;
  readonly groupId: GroupId;
  readonly roleSlug: Slug;
  readonly createTime: number;
  readonly updateTime: number;
}
