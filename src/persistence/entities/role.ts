import { EntitySchema } from "typeorm";
import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { Slug } from "../../domain/slug";
import type { Description, Name, OrganizationId } from "../../domain/values";
import { type Columns, primary } from "./columns";

export interface RoleRow {
  environmentUid: EnvironmentUid;
  /** Empty for an environment role. */
  organizationId: OrganizationId | "";
  id: RoleId;
  slug: Slug;
  /**
   * Where the slug is unique: `environment`, `organization:ID` for an explicit slug of a custom role, `tombstone:ID`
   * of a deleted environment role, `replaced:ID` of a deleted custom role that was in use.
   */
  slugScope: string;
  name: Name;
  description: Description;
  createdRevision: number;
  createTime: number;
  updateTime: number;
  /** 0 while the role lives; then the environment's revision that deleted it. */
  deletedRevision: number;
  /** Of a deleted role: what takes its place; empty where no replacement was named. */
  replacementRoleId: RoleId | "";
  /** Of a tombstone: the environment's default right after the deletion. */
  environmentDefaultRoleId: RoleId | "";
}

export const roleEntity = (columns: Columns) =>
  new EntitySchema<RoleRow>({
    name: "roles",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      organizationId: primary(columns.ascii(64)),
      id: primary(columns.ascii(31)),
      slug: columns.ascii(48),
      slugScope: columns.ascii(80),
      name: columns.text(48),
      description: columns.text(150),
      createdRevision: columns.integer(),
      createTime: columns.integer(),
      updateTime: columns.integer(),
      deletedRevision: columns.integer(),
      replacementRoleId: columns.ascii(31),
      environmentDefaultRoleId: columns.ascii(31),
    },
    indices: [{ name: "roles_slug", columns: ["environmentUid", "slugScope", "slug"], unique: true }],
  });

export interface RolePermissionRow {
  environmentUid: EnvironmentUid;
  organizationId: OrganizationId | "";
  roleId: RoleId;
  permissionId: PermissionId;
}

export const rolePermissionEntity = (columns: Columns) =>
  new EntitySchema<RolePermissionRow>({
    name: "role_permissions",
    columns: {
      environmentUid: primary(columns.ascii(26)),
      organizationId: primary(columns.ascii(64)),
      roleId: primary(columns.ascii(31)),
      permissionId: primary(columns.ascii(31)),
    },
    indices: [{ name: "role_permissions_permission", columns: ["environmentUid", "permissionId"] }],
  });
