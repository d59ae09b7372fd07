import { EntitySchema } from "typeorm";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { OrganizationId } from "../../domain/values";
import { type Columns, primary } from "./columns";

export interface OrganizationRow {
  environmentUid: EnvironmentUid;
  id: OrganizationId;
  /** What its members and groups belong to. */
  uid: OrganizationUid;
  revision: number;
  /** Empty while it inherits. */
  defaultRoleId: RoleId | "";
  roleOrder: RoleId[];
}

export const organizationEntity = (columns: Columns) =>
  new EntitySchema<OrganizationRow>({
    name: "organizations",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      id: primary(columns.ascii(64)),
      uid: columns.ascii(26),
      revision: columns.integer(),
      defaultRoleId: columns.ascii(31),
      roleOrder: columns.idList(),
    },
    indices: [
      { name: "organizations_uid", columns: ["environmentUid", "uid"], unique: true },
      { name: "organizations_default_role", columns: ["environmentUid", "defaultRoleId"] },
    ],
    foreignKeys: [
      {
        name: "organizations_environment",
        target: "environment_anchors",
        columnNames: ["environmentUid"],
        referencedColumnNames: ["environmentUid"],
      },
    ],
  });
