import { EntitySchema } from "typeorm";
import type { EnvironmentUid, PermissionId } from "../../domain/ids";
import type { Description, Name, PermissionSlug } from "../../domain/values";
import { type Columns, primary } from "./columns";

export interface PermissionRow {
  environmentUid: EnvironmentUid;
  id: PermissionId;
  slug: PermissionSlug;
  name: Name;
  description: Description;
  createTime: number;
  updateTime: number;
}

export const permissionEntity = (columns: Columns) =>
  new EntitySchema<PermissionRow>({
    name: "permissions",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      id: primary(columns.ascii(31)),
      slug: columns.ascii(48),
      name: columns.text(48),
      description: columns.text(150),
      createTime: columns.integer(),
      updateTime: columns.integer(),
    },
    indices: [{ name: "permissions_slug", columns: ["environmentUid", "slug"], unique: true }],
  });
