import { EntitySchema } from "typeorm";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { GroupId, UserId } from "../../domain/values";
import { type Columns, primary } from "./columns";

/** One role of one member. A member is its rows; they agree in all but the role. */
export interface RoleAssignmentRow {
  environmentUid: EnvironmentUid;
  organizationUid: OrganizationUid;
  userId: UserId;
  roleId: RoleId;
  /** Of a member with several roles: the environment's revision they were last settled at. 0: this is the only one. */
  severalSince: number;
  createTime: number;
  updateTime: number;
}

export const roleAssignmentEntity = (columns: Columns) =>
  new EntitySchema<RoleAssignmentRow>({
    name: "role_assignments",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      organizationUid: primary(columns.ascii(26)),
      userId: primary(columns.ascii(64)),
      roleId: primary(columns.ascii(31)),
      severalSince: columns.integer(),
      createTime: columns.integer(),
      updateTime: columns.integer(),
    },
    indices: [
      {
        name: "role_assignments_role",
        columns: ["environmentUid", "roleId", "organizationUid", "userId", "severalSince"],
      },
      { name: "role_assignments_several", columns: ["environmentUid", "severalSince"] },
    ],
  });

export interface GroupRoleRow {
  environmentUid: EnvironmentUid;
  organizationUid: OrganizationUid;
  groupId: GroupId;
  roleId: RoleId;
  createTime: number;
  updateTime: number;
}

export const groupRoleEntity = (columns: Columns) =>
  new EntitySchema<GroupRoleRow>({
    name: "group_roles",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      organizationUid: primary(columns.ascii(26)),
      groupId: primary(columns.ascii(64)),
      roleId: columns.ascii(31),
      createTime: columns.integer(),
      updateTime: columns.integer(),
    },
    indices: [{ name: "group_roles_role", columns: ["environmentUid", "roleId"] }],
  });
