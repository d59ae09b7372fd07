import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { OrganizationId } from "../../domain/values";
import { ascii, idList, integer, key } from "./columns";
import { declareTable } from "./table";

export const organizationTable = declareTable(
  "organizations",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    id: key(ascii<OrganizationId>(64)),
    /** Its members and groups refer to this uid. */
    uid: ascii<OrganizationUid>(26),
    revision: integer(),
    /** Empty while the organization inherits. */
    defaultRoleId: ascii<RoleId | "">(31),
    roleOrder: idList<RoleId>(),
  },
  {
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
  },
);
