import { batchCheckPermissions, checkPermission } from "./access/check-permission";
import { getAccess } from "./access/get-access";
import type { Dependencies } from "./dependencies";
import { createEnvironment, ensureEnvironment } from "./environments/create-environment";
import { deleteEnvironment } from "./environments/delete-environment";
import { deleteOrganizationData } from "./environments/delete-organization-data";
import { getEnvironment, listEnvironments } from "./environments/read-environments";
import { updateEnvironment } from "./environments/update-environment";
import { deleteGroupRole } from "./groups/delete-group-role";
import { listGroupRoles } from "./groups/list-group-roles";
import { setGroupRole } from "./groups/set-group-role";
import { syncMemberGroups } from "./groups/sync-member-groups";
import { deleteMembership } from "./memberships/delete-membership";
import { getMembership } from "./memberships/get-membership";
import { listMemberships } from "./memberships/list-memberships";
import { batchSetMemberRoles, setMemberRoles } from "./memberships/set-member-roles";
import { createPermission } from "./permissions/create-permission";
import { deletePermission } from "./permissions/delete-permission";
import { getPermission, listPermissions } from "./permissions/read-permissions";
import { updatePermission } from "./permissions/update-permission";
import { createRole, restoreRole } from "./roles/create-role";
import { deleteEnvironmentRole } from "./roles/delete-environment-role";
import { deleteOrgRole } from "./roles/delete-org-role";
import { getRole } from "./roles/get-role";
import { listEnvironmentRoles, listOrgRoles } from "./roles/list-roles";
import { resetOrgRoleConfig } from "./roles/reset-org-role-config";
import { takeOwnConfig } from "./roles/role-config";
import { setDefaultRole } from "./roles/set-default-role";
import { setPriority } from "./roles/set-priority";
import { suggestSlug } from "./roles/suggest-slug";
import { addRolePermissions, removeRolePermissions, updateRole } from "./roles/update-role";

type UseCase = (dependencies: Dependencies, ...parameters: never[]) => unknown;

/** Use cases that already have their dependencies. */
type Bound<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (
    dependencies: Dependencies,
    ...parameters: infer Parameters
  ) => infer Result
    ? (...parameters: Parameters) => Result
    : never;
};

function bind<Functions extends Record<string, UseCase>>(
  dependencies: Dependencies,
  functions: Functions,
): Bound<Functions> {
  const bound = Object.entries(functions).map(([name, useCase]) => [name, useCase.bind(undefined, dependencies)]);
  return Object.fromEntries(bound) as Bound<Functions>;
}

/** Returns every use case, by the things of the API. */
export const createUseCases = (dependencies: Dependencies) => ({
  roles: bind(dependencies, {
    createRole,
    restoreRole,
    getRole,
    listEnvironmentRoles,
    listOrgRoles,
    updateRole,
    addRolePermissions,
    removeRolePermissions,
    setPriority,
    setDefaultRole,
    takeOwnConfig,
    resetOrgRoleConfig,
    deleteEnvironmentRole,
    deleteOrgRole,
    suggestSlug,
  }),
  environments: bind(dependencies, {
    createEnvironment,
    ensureEnvironment,
    getEnvironment,
    listEnvironments,
    updateEnvironment,
    deleteEnvironment,
    deleteOrganizationData,
  }),
  permissions: bind(dependencies, {
    createPermission,
    getPermission,
    listPermissions,
    updatePermission,
    deletePermission,
  }),
  memberships: bind(dependencies, {
    setMemberRoles,
    batchSetMemberRoles,
    getMembership,
    deleteMembership,
    listMemberships,
  }),
  groupRoles: bind(dependencies, { setGroupRole, deleteGroupRole, listGroupRoles, syncMemberGroups }),
  access: bind(dependencies, { getAccess, checkPermission, batchCheckPermissions }),
});

export type UseCases = ReturnType<typeof createUseCases>;
