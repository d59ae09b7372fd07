import type { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import type { UseCases } from "../application/use-cases";
import { encodePermission } from "./encode";
import type { Handlers } from "./service";

export function permissionHandlers(permissions: UseCases["permissions"]): Handlers<typeof PermissionServiceService> {
  return {
    createPermission: async (request, call) => ({
      permission: encodePermission(await permissions.createPermission(request, call)),
    }),
    getPermission: async (request, call) => ({
      permission: encodePermission(await permissions.getPermission(request, call)),
    }),
    listPermissions: async (request, call) => {
      const { items, nextPageToken } = await permissions.listPermissions(request, call);
      return { permissions: items.map(encodePermission), nextPageToken };
    },
    updatePermission: async (request, call) => ({
      permission: encodePermission(await permissions.updatePermission(request, call)),
    }),
    deletePermission: (request, call) => permissions.deletePermission(request, call),
  };
}
