import { ListOrgRolesResponse, type RoleServiceService } from "../../gen/orgroles/v1/role_service";
import type { RoleConfigService } from "../domain/role-config-service";
import type { RoleDeletionService } from "../domain/role-deletion-service";
import type { RolePage, RoleService } from "../domain/role-service";
import { encodeRole, encodeRoleConfig } from "./codec";
import { encodedOnce } from "./encoded";
import type { Handlers } from "./unary";

/** ListEnvironmentRoles answers the same fields. */
const encodePage = encodedOnce(({ items, nextPageToken, config }: RolePage) => {
  const response = { roles: items.map(encodeRole), nextPageToken, config: encodeRoleConfig(config) };
  return ListOrgRolesResponse.encode(response).finish();
});

export function roleHandlers(
  roles: RoleService,
  configs: RoleConfigService,
  deletions: RoleDeletionService,
): Handlers<typeof RoleServiceService> {
  return {
    createRole: async (request, call) => ({ role: encodeRole(await roles.createRole(request, call)) }),
    getRole: async (request) => ({ role: encodeRole(await roles.getRole(request)) }),
    listEnvironmentRoles: async (request) => encodePage(await roles.listEnvironmentRoles(request)),
    listOrgRoles: async (request) => encodePage(await roles.listOrgRoles(request)),
    updateRole: async (request, call) => ({ role: encodeRole(await roles.updateRole(request, call)) }),
    addRolePermissions: async (request, call) => ({
      role: encodeRole(await roles.addRolePermissions(request, call)),
    }),
    removeRolePermissions: async (request, call) => ({
      role: encodeRole(await roles.removeRolePermissions(request, call)),
    }),
    setPriority: async (request, call) => {
      const { roles: reordered, config } = await configs.setPriority(request, call);
      return { roles: reordered.map(encodeRole), config: encodeRoleConfig(config) };
    },
    setDefaultRole: async (request, call) => ({
      config: encodeRoleConfig(await configs.setDefaultRole(request, call)),
    }),
    resetOrgRoleConfig: async (request, call) => ({
      config: encodeRoleConfig(await configs.resetOrgRoleConfig(request, call)),
    }),
    deleteEnvironmentRole: (request, call) => deletions.deleteEnvironmentRole(request, call),
    deleteOrgRole: (request, call) => deletions.deleteOrgRole(request, call),
    suggestSlug: async (request, call) => ({ slug: await roles.suggestSlug(request, call) }),
  };
}
