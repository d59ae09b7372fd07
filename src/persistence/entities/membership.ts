import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { GroupId, UserId } from "../../domain/values";
import { ascii, integer, key } from "./columns";
import { type RowOf, declareTable } from "./table";

/** One row for each role of a member. The rows of a member differ in the role only. */
export const roleAssignmentTable = declareTable(
  "role_assignments",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    organizationUid: key(ascii<OrganizationUid>(26)),
    userId: key(ascii<UserId>(64)),
    roleId: key(ascii<RoleId>(31)),
    /**
     * The environment's revision at which several roles were materialized last; 0 if this is the member's only role.
     */
    severalSince: integer(),
    createTime: integer(),
    updateTime: integer(),
  },
  {
    indices: [
      {
        name: "role_assignments_role",
        columns: ["environmentUid", "roleId", "organizationUid", "userId", "severalSince"],
      },
      { name: "role_assignments_several", columns: ["environmentUid", "severalSince"] },
      { name: "role_assignments_user", columns: ["environmentUid", "userId", "organizationUid"] },
      {
        name: "role_assignments_created",
        columns: ["environmentUid", "organizationUid", "createTime", "userId"],
      },
    ],
  },
);

export const groupRoleTable = declareTable(
  "group_roles",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    organizationUid: key(ascii<OrganizationUid>(26)),
    groupId: key(ascii<GroupId>(64)),
    roleId: ascii<RoleId>(31),
    createTime: integer(),
    updateTime: integer(),
  },
  { indices: [{ name: "group_roles_role", columns: ["environmentUid", "roleId"] }] },
);

export type GroupRoleRow = RowOf<typeof groupRoleTable>;
