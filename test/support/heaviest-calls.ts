import { randomUUID } from "node:crypto";
import type { TestClient } from "./client";
import type { FullOrganization } from "./full-organization";
import { many } from "./many";

export interface HeaviestCall {
  /** Such as `RoleService/CreateRole`. */
  readonly rpc: string;
  /** What makes it heavy. */
  readonly with: string;
  /** Whether it changes something, for a request id that stays the same when it is called again. */
  readonly writes: boolean;
  readonly call: () => Promise<unknown>;
}

const values = {
  id: "",
  environmentId: "",
  organizationId: "",
  type: 0,
  slug: "",
  name: "Renamed",
  description: "",
  permissions: [] as string[],
  isDefault: false,
  priority: 0,
  etag: "",
  createTime: undefined,
  updateTime: undefined,
  displayName: "Renamed",
  multipleRolesEnabled: false,
  escalationGuardEnabled: false,
};

const thousand = <T>(item: (index: number) => T) => many(1000, item);

/** Every RPC as large as limits and quotas allow, in an order in which each is possible. Writes have a request id. */
export function heaviestCalls(service: TestClient, full: FullOrganization): HeaviestCall[] {
  const { environmentId, organizationId, environmentRoles, customRoles, member, chief } = full;
  const { roles, environments, permissions: permissionCalls, memberships, access, events } = service;
  const permissions = [...full.permissions];
  const scope = { environmentId, organizationId };
  const all = [...environmentRoles, ...customRoles];
  const [first = "", second = "", third = ""] = environmentRoles;
  const [ownFirst = "", ownSecond = "", ownThird = ""] = customRoles;
  const [anyPermission = "", otherPermission = ""] = permissions;
  const half = permissions.slice(0, 500);
  const pageSize = 1000;
  const checks = (check: (index: number) => { organizationId: string; userId: string }) =>
    thousand((index) => ({ ...check(index), permission: permissions[1999 - index] ?? "" }));
  const inOrganizations = thousand((index) => ({ organizationId: `o-${index}`, userId: `user-${index}` }));
  const calls: HeaviestCall[] = [];
  const add = (rpc: string, sentence: string, call: (requestId: string) => Promise<unknown>) => {
    const requestId = randomUUID();
    calls.push({ rpc, with: sentence, writes: call.length > 0, call: () => call(requestId) });
  };
  const changed = { environmentId, slug: first, role: values, updateMask: ["name"] };

  add("RoleService/UpdateRole", "nothing in memory", (requestId) => roles.updateRole({ ...changed, requestId }));
  add("AccessService/CheckPermission", "a snapshot to load", () =>
    access.checkPermission({ ...scope, userId: member, permission: anyPermission }),
  );
  add("AccessService/CheckPermission", "a hundred roles that would grant it", () =>
    access.checkPermission({ ...scope, userId: "nobody", permission: permissions[700] ?? "" }),
  );
  add("AccessService/BatchCheckPermissions", "refusals of a thousand permissions", () =>
    access.batchCheckPermissions({
      environmentId,
      checks: checks((index) => ({ organizationId, userId: `user-${index}` })),
    }),
  );
  add("AccessService/BatchCheckPermissions", "a member with every role", () =>
    access.batchCheckPermissions({ environmentId, checks: checks(() => ({ organizationId, userId: chief })) }),
  );
  add("AccessService/BatchCheckPermissions", "checks that break every rule", () =>
    access.batchCheckPermissions({
      environmentId,
      checks: thousand(() => ({ organizationId: "", userId: "", permission: "" })),
    }),
  );
  add("AccessService/GetAccess", "a member with every role", () => access.getAccess({ ...scope, userId: chief }));
  add("RoleService/ListOrgRoles", "400 roles", () => roles.listOrgRoles({ ...scope, pageSize }));
  add("RoleService/ListEnvironmentRoles", "200 roles", () => roles.listEnvironmentRoles({ environmentId, pageSize }));
  add("RoleService/GetRole", "the last role", () => roles.getRole({ ...scope, slug: customRoles.at(-1) ?? "" }));
  add("RoleService/SuggestSlug", "400 roles", () => roles.suggestSlug({ ...scope, name: "Billing" }));
  add("RoleService/SetPriority", "an organization's 400 roles", (requestId) =>
    roles.setPriority({ ...scope, slugs: all.toReversed(), requestId }),
  );
  add("RoleService/SetPriority", "an environment's 200 roles", (requestId) =>
    roles.setPriority({ environmentId, slugs: environmentRoles.toReversed(), requestId }),
  );
  add("RoleService/SetDefaultRole", "400 roles", (requestId) =>
    roles.setDefaultRole({ ...scope, slug: second, requestId }),
  );
  add("RoleService/UpdateRole", "500 permissions exchanged", (requestId) =>
    roles.updateRole({
      ...scope,
      slug: ownFirst,
      requestId,
      updateMask: ["permissions"],
      role: { ...values, permissions: permissions.slice(1500) },
    }),
  );
  add("RoleService/RemoveRolePermissions", "all permissions", (requestId) =>
    roles.removeRolePermissions({ ...scope, slug: ownSecond, permissions, requestId }),
  );
  add("RoleService/AddRolePermissions", "500 permissions", (requestId) =>
    roles.addRolePermissions({ ...scope, slug: ownSecond, permissions: half, requestId }),
  );
  add("RoleService/DeleteOrgRole", "members who have it", (requestId) =>
    roles.deleteOrgRole({ ...scope, slug: ownThird, replacementRoleSlug: ownFirst, requestId }),
  );
  add("RoleService/CreateRole", "500 permissions", (requestId) =>
    roles.createRole({ ...scope, slug: ownThird, name: "New", permissions: half, requestId }),
  );
  add("PermissionService/ListPermissions", "a thousand of them", () =>
    permissionCalls.listPermissions({ environmentId, pageSize }),
  );
  add("PermissionService/GetPermission", "2000 of them", () =>
    permissionCalls.getPermission({ environmentId, slug: anyPermission }),
  );
  add("PermissionService/UpdatePermission", "2000 of them", (requestId) =>
    permissionCalls.updatePermission({
      environmentId,
      slug: anyPermission,
      requestId,
      permission: values,
      updateMask: ["name"],
    }),
  );
  add("PermissionService/DeletePermission", "roles that have it", (requestId) =>
    permissionCalls.deletePermission({ environmentId, slug: otherPermission, requestId }),
  );
  add("PermissionService/CreatePermission", "1999 others", (requestId) =>
    permissionCalls.createPermission({ environmentId, slug: otherPermission, name: "New", requestId }),
  );
  add("MembershipService/ListMemberships", "a thousand members", () =>
    memberships.listMemberships({ ...scope, pageSize }),
  );
  add("MembershipService/ListMemberships", "a role", () =>
    memberships.listMemberships({ ...scope, pageSize, roleSlug: first }),
  );
  add("MembershipService/GetMembership", "every role", () => memberships.getMembership({ ...scope, userId: chief }));
  add("MembershipService/SetMemberRoles", "every role but one", (requestId) =>
    memberships.setMemberRoles({ ...scope, userId: chief, roleSlugs: all.slice(1), requestId }),
  );
  add("MembershipService/BatchSetMemberRoles", "a thousand members of 15 roles", (requestId) =>
    memberships.batchSetMemberRoles({
      environmentId,
      requestId,
      memberships: thousand((index) => ({ organizationId, userId: `user-${index}`, roleSlugs: all.slice(0, 15) })),
    }),
  );
  add("MembershipService/BatchSetMemberRoles", "a thousand new organizations", (requestId) =>
    memberships.batchSetMemberRoles({
      environmentId,
      requestId,
      memberships: inOrganizations.map((one) => ({ ...one, roleSlugs: environmentRoles.slice(0, 15) })),
    }),
  );
  add("AccessService/BatchCheckPermissions", "a thousand organizations", () =>
    access.batchCheckPermissions({
      environmentId,
      checks: checks((index) => inOrganizations[index] ?? { organizationId, userId: "" }),
    }),
  );
  add("MembershipService/ListMemberships", "fifteen roles each", () =>
    memberships.listMemberships({ ...scope, pageSize }),
  );
  add("MembershipService/SetGroupRole", "400 roles", (requestId) =>
    memberships.setGroupRole({ ...scope, groupId: "staff", roleSlug: ownFirst, requestId }),
  );
  add("MembershipService/SyncMemberGroups", "a thousand groups", (requestId) =>
    memberships.syncMemberGroups({
      ...scope,
      userId: "user-1",
      groupIds: thousand((index) => `${index}`.padEnd(63, "x")),
      requestId,
    }),
  );
  add("MembershipService/SyncMemberGroups", "a thousand odd groups", (requestId) =>
    memberships.syncMemberGroups({
      ...scope,
      userId: "user-2",
      groupIds: thousand((index) => `${index} `.padEnd(900, "ü")).slice(0, 500),
      requestId,
    }),
  );
  add("MembershipService/ListGroupRoles", "400 roles", () => memberships.listGroupRoles({ ...scope, pageSize }));
  add("MembershipService/DeleteGroupRole", "400 roles", (requestId) =>
    memberships.deleteGroupRole({ ...scope, groupId: "staff", requestId }),
  );
  add("MembershipService/DeleteMembership", "400 roles", (requestId) =>
    memberships.deleteMembership({ ...scope, userId: "user-3", requestId }),
  );
  add("EnvironmentService/GetEnvironment", "400 roles", () => environments.getEnvironment({ environmentId }));
  add("EnvironmentService/ListEnvironments", "a few", () => environments.listEnvironments({ pageSize }));
  add("EnvironmentService/CreateEnvironment", "nothing", (requestId) =>
    environments.createEnvironment({ environmentId: "another", requestId }),
  );
  add("EnvironmentService/ListOrganizations", "a thousand of them", () =>
    environments.listOrganizations({ environmentId, pageSize }),
  );
  add("EnvironmentService/GetOrganization", "200 custom roles", () => environments.getOrganization(scope));
  add("MembershipService/ListUserMemberships", "every role", () =>
    memberships.listUserMemberships({ environmentId, userId: chief, pageSize }),
  );
  add("MembershipService/ListRoleMemberships", "a thousand organizations", () =>
    memberships.listRoleMemberships({ environmentId, roleSlug: second, pageSize }),
  );
  add("MembershipService/DeleteUserMemberships", "400 roles", (requestId) =>
    memberships.deleteUserMemberships({ environmentId, userId: "user-4", requestId }),
  );
  add("AccessService/GetCaller", "nothing", () => access.getCaller({}));
  add("EventService/ListEvents", "everything before", () => events.listEvents({ environmentId, pageSize }));
  add("EventService/ListEvents", "a filter that leaves most out", () =>
    events.listEvents({ environmentId, types: ["group_role"], newestFirst: true, pageSize }),
  );
  add("EventService/WatchEvents", "everything before", () =>
    events.watchEvents({ environmentId, start: { $case: "fromBeginning", value: true } }),
  );
  add("RoleService/DeleteEnvironmentRole", "members who have it", (requestId) =>
    roles.deleteEnvironmentRole({ environmentId, slug: third, replacementDefaultRoleSlug: first, requestId }),
  );
  add("EnvironmentService/UpdateEnvironment", "the end of multiple roles", (requestId) =>
    environments.updateEnvironment({
      environmentId,
      environment: values,
      updateMask: ["multiple_roles_enabled"],
      requestId,
    }),
  );
  add("RoleService/SetDefaultRole", "members to be settled", (requestId) =>
    roles.setDefaultRole({ ...scope, slug: first, requestId }),
  );
  add("RoleService/ResetOrgRoleConfig", "an organization that inherits", (requestId) =>
    roles.resetOrgRoleConfig({ environmentId, organizationId: "o-1", requestId }),
  );
  add("EnvironmentService/DeleteOrganizationData", "200 custom roles", (requestId) =>
    environments.deleteOrganizationData({ ...scope, requestId }),
  );
  add("EnvironmentService/DeleteEnvironment", "a thousand organizations", (requestId) =>
    environments.deleteEnvironment({ environmentId, force: true, requestId }),
  );
  return calls;
}
