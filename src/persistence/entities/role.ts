import type { EnvironmentUid, PermissionId, RoleId } from "../../domain/ids";
import type { Slug } from "../../domain/slug";
import type { Description, Name, OrganizationId } from "../../domain/values";
import { ascii, integer, key, text } from "./columns";
import { declareTable } from "./table";

export const roleTable = declareTable(
  "roles",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    /** Empty for an environment role. */
    organizationId: key(ascii<OrganizationId | "">(64)),
    id: key(ascii<RoleId>(31)),
    slug: ascii<Slug>(48),
    /**
     * Where the slug is unique: `environment`, `organization:ID` for an explicit slug of a custom role, `tombstone:ID`
     * of a deleted environment role, `replaced:ID` of a deleted custom role that was in use.
     */
    slugScope: ascii<string>(80),
    name: text<Name>(48),
    description: text<Description>(150),
    createdRevision: integer(),
    createTime: integer(),
    updateTime: integer(),
    /** 0 while the role is live; then the environment's revision that deleted it. */
    deletedRevision: integer(),
    /** The role that replaces a deleted one; empty if none was named. */
    replacementRoleId: ascii<RoleId | "">(31),
    /** The environment's default right after the deletion of an environment role; empty for any other role. */
    environmentDefaultRoleId: ascii<RoleId | "">(31),
  },
  { indices: [{ name: "roles_slug", columns: ["environmentUid", "slugScope", "slug"], unique: true }] },
);

export const rolePermissionTable = declareTable(
  "role_permissions",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    organizationId: key(ascii<OrganizationId | "">(64)),
    roleId: key(ascii<RoleId>(31)),
    permissionId: key(ascii<PermissionId>(31)),
  },
  { indices: [{ name: "role_permissions_permission", columns: ["environmentUid", "permissionId"] }] },
);
