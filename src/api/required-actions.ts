import type { AccessServiceService } from "../../gen/orgroles/v1/access_service";
import type { EventServiceService } from "../../gen/orgroles/v1/event_service";
import type { EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import type { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import type { PermissionServiceService } from "../../gen/orgroles/v1/permission_service";
import type { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import type { Action, Reach } from "../domain/authorization";

/** The action that a caller must be allowed for each RPC. An RPC without an entry does not compile. */
export type RequiredActions<Service> = { readonly [Rpc in keyof Service]: Action };

/** The reach of RPCs. An RPC without an entry is about the organizations that its request names. */
export type Reaches<Service> = { readonly [Rpc in keyof Service]?: Reach };

export const roleActions: RequiredActions<typeof RoleServiceService> = {
  createRole: "write",
  getRole: "read",
  listEnvironmentRoles: "read",
  listOrgRoles: "read",
  updateRole: "write",
  addRolePermissions: "write",
  removeRolePermissions: "write",
  setPriority: "write",
  setDefaultRole: "write",
  deleteEnvironmentRole: "write",
  deleteOrgRole: "write",
  resetOrgRoleConfig: "write",
  suggestSlug: "read",
};

export const roleReaches: Reaches<typeof RoleServiceService> = { listEnvironmentRoles: "environment" };

export const permissionActions: RequiredActions<typeof PermissionServiceService> = {
  createPermission: "write",
  getPermission: "read",
  listPermissions: "read",
  updatePermission: "write",
  deletePermission: "write",
};

export const permissionReaches: Reaches<typeof PermissionServiceService> = {
  getPermission: "environment",
  listPermissions: "environment",
};

export const environmentActions: RequiredActions<typeof EnvironmentServiceService> = {
  createEnvironment: "admin",
  getEnvironment: "read",
  listEnvironments: "read",
  updateEnvironment: "admin",
  deleteEnvironment: "admin",
  deleteOrganizationData: "admin",
  listOrganizations: "read",
  getOrganization: "read",
};

export const environmentReaches: Reaches<typeof EnvironmentServiceService> = {
  getEnvironment: "environment",
  listEnvironments: "caller",
  listOrganizations: "environment",
};

export const membershipActions: RequiredActions<typeof MembershipServiceService> = {
  setMemberRoles: "write",
  batchSetMemberRoles: "write",
  getMembership: "read",
  deleteMembership: "write",
  listMemberships: "read",
  setGroupRole: "write",
  deleteGroupRole: "write",
  listGroupRoles: "read",
  syncMemberGroups: "write",
  listUserMemberships: "read",
  listRoleMemberships: "read",
  deleteUserMemberships: "write",
};

export const membershipReaches: Reaches<typeof MembershipServiceService> = {
  listUserMemberships: "environment",
  listRoleMemberships: "environment",
};

export const eventActions: RequiredActions<typeof EventServiceService> = {
  listEvents: "read",
  watchEvents: "read",
};

export const eventReaches: Reaches<typeof EventServiceService> = {
  listEvents: "environment",
  watchEvents: "environment",
};

export const accessActions: RequiredActions<typeof AccessServiceService> = {
  getAccess: "read",
  checkPermission: "read",
  batchCheckPermissions: "read",
  getCaller: "read",
};

export const accessReaches: Reaches<typeof AccessServiceService> = { getCaller: "caller" };
