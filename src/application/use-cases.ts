import { batchCheckPermissions } from "./access/batch-check-permissions";
import { checkPermission } from "./access/check-permission";
import { getAccess } from "./access/get-access";
import { getCaller } from "./access/get-caller";
import type { Dependencies } from "./dependencies";
import { createEnvironment } from "./environments/create-environment";
import { deleteEnvironment } from "./environments/delete-environment";
import { deleteOrganizationData } from "./environments/delete-organization-data";
import { ensureEnvironment } from "./environments/ensure-environment";
import { getEnvironment } from "./environments/get-environment";
import { getOrganization } from "./environments/get-organization";
import { listEnvironments } from "./environments/list-environments";
import { listOrganizations } from "./environments/list-organizations";
import { updateEnvironment } from "./environments/update-environment";
import { listEvents } from "./events/list-events";
import { listEventsById } from "./events/list-events-by-id";
import { watchEvents } from "./events/watch-events";
import { deleteGroupRole } from "./groups/delete-group-role";
import { listGroupRoles } from "./groups/list-group-roles";
import { setGroupRole } from "./groups/set-group-role";
import { syncMemberGroups } from "./groups/sync-member-groups";
import { addMemberRole } from "./memberships/add-member-role";
import { batchSetMemberRoles } from "./memberships/batch-set-member-roles";
import { deleteMembership } from "./memberships/delete-membership";
import { deleteUserMemberships } from "./memberships/delete-user-memberships";
import { getMembership } from "./memberships/get-membership";
import { listMemberships } from "./memberships/list-memberships";
import { listMemberRoles } from "./memberships/list-member-roles";
import { listRoleMemberships } from "./memberships/list-role-memberships";
import { listUserMemberships } from "./memberships/list-user-memberships";
import { pageMemberships } from "./memberships/page-memberships";
import { pageUserMemberships } from "./memberships/page-user-memberships";
import { removeMemberRole } from "./memberships/remove-member-role";
import { setMemberRoles } from "./memberships/set-member-roles";
import { createPermission } from "./permissions/create-permission";
import { deletePermission } from "./permissions/delete-permission";
import { getPermission } from "./permissions/get-permission";
import { listPermissions } from "./permissions/list-permissions";
import { pagePermissions } from "./permissions/page-permissions";
import { updatePermission } from "./permissions/update-permission";
import { addRolePermissions } from "./roles/add-role-permissions";
import { createRole } from "./roles/create-role";
import { deleteEnvironmentRole } from "./roles/delete-environment-role";
import { deleteOrgRole } from "./roles/delete-org-role";
import { getRole } from "./roles/get-role";
import { listEnvironmentRoles } from "./roles/list-environment-roles";
import { listOrgRoles } from "./roles/list-org-roles";
import { removeRolePermissions } from "./roles/remove-role-permissions";
import { resetOrgRoleConfig } from "./roles/reset-org-role-config";
import { restoreRole } from "./roles/restore-role";
import { setDefaultRole } from "./roles/set-default-role";
import { setPriority } from "./roles/set-priority";
import { suggestSlug } from "./roles/suggest-slug";
import { takeOwnConfig } from "./roles/take-own-config";
import { updateRole } from "./roles/update-role";

type UseCase = (dependencies: Dependencies, ...parameters: never[]) => unknown;

/** Use cases that have got their dependencies. */
type BoundUseCases<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (
    dependencies: Dependencies,
    ...parameters: infer Parameters
  ) => infer Result
    ? (...parameters: Parameters) => Result
    : never;
};

function bindDependencies<Functions extends Record<string, UseCase>>(
  dependencies: Dependencies,
  functions: Functions,
): BoundUseCases<Functions> {
  const bound = Object.entries(functions).map(([name, useCase]) => [name, useCase.bind(undefined, dependencies)]);
  return Object.fromEntries(bound) as BoundUseCases<Functions>;
}

/** Returns every use case, grouped by the things of the API. */
export const createUseCases = (dependencies: Dependencies) => ({
  roles: bindDependencies(dependencies, {
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
  environments: bindDependencies(dependencies, {
    createEnvironment,
    ensureEnvironment,
    getEnvironment,
    listEnvironments,
    updateEnvironment,
    deleteEnvironment,
    deleteOrganizationData,
    listOrganizations,
    getOrganization,
  }),
  permissions: bindDependencies(dependencies, {
    createPermission,
    getPermission,
    listPermissions,
    pagePermissions,
    updatePermission,
    deletePermission,
  }),
  memberships: bindDependencies(dependencies, {
    setMemberRoles,
    batchSetMemberRoles,
    getMembership,
    deleteMembership,
    listMemberships,
    listUserMemberships,
    listRoleMemberships,
    deleteUserMemberships,
    addMemberRole,
    removeMemberRole,
    listMemberRoles,
    pageMemberships,
    pageUserMemberships,
  }),
  groupRoles: bindDependencies(dependencies, { setGroupRole, deleteGroupRole, listGroupRoles, syncMemberGroups }),
  events: bindDependencies(dependencies, { listEvents, listEventsById, watchEvents }),
  access: bindDependencies(dependencies, { getAccess, checkPermission, batchCheckPermissions, getCaller }),
});

export type UseCases = ReturnType<typeof createUseCases>;
