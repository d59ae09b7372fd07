import type { EnvironmentUid, PermissionId } from "../../domain/ids";
import type { Description, Name, PermissionSlug } from "../../domain/values";
import { ascii, integer, key, text } from "./columns";
import { declareTable } from "./table";

export const permissionTable = declareTable(
  "permissions",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    id: key(ascii<PermissionId>(31)),
    slug: ascii<PermissionSlug>(48),
    name: text<Name>(48),
    description: text<Description>(150),
    createTime: integer(),
    updateTime: integer(),
  },
  { indices: [{ name: "permissions_slug", columns: ["environmentUid", "slug"], unique: true }] },
);
