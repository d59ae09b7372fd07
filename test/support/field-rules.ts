import type { Stage } from "./stage";

/** Returns the name of a field as the protos write it. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Returns a text of as many characters, each of two UTF-16 units. */
export const emoji = (count: number) => "🙂".repeat(count);

const ids = ["", " ", "two words", "ü", "x".repeat(65), "tab\t", "nul\0", "del\x7f", " acme"];
const names = ["", "  ", "\u200b", "\u202eb", "a\0b", "a\nb", "a\x7fb", "a\x85b", "x".repeat(49), emoji(49)];
const descriptions = ["x".repeat(151), emoji(151), "a\0b", "a\rb", "a\x1bb", "\x9f", "\u2066a"];
const references = ["", "-a", "a-", "a--b", "a__b", "a-_b", "a_-b", "A", "a b", "ä", "x".repeat(49)];
const permissionSlugs = ["", "A", "a b", "a/b", "ä", "x".repeat(49)];
const notUuids = ["", "x", "6f1b3a0e3c1f4d7c9d592f0f4f0a8a11", "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a1g"];
const etags = ["", "two words", "x".repeat(65), "ä"];
const sizes = [-1, -(2 ** 31)];

export const role = { environmentId: "alpha", organizationId: "acme", slug: "org-x", name: "X" };
export const roleValues = {
  id: "",
  environmentId: "",
  organizationId: "",
  type: 0,
  slug: "",
  name: "X",
  description: "",
  permissions: [],
  isDefault: false,
  priority: 0,
  etag: "",
  createTime: undefined,
  updateTime: undefined,
};
const permissionValues = { ...roleValues };
const environmentValues = { ...roleValues, displayName: "X", multipleRolesEnabled: true };
const deletion = { environmentId: "alpha", slug: "member" };
const scope = { environmentId: "alpha", organizationId: "acme" };
const member = { ...scope, userId: "ann", roleSlugs: ["member"], permission: "a:b" };
const group = { ...scope, groupId: "staff", roleSlug: "member" };

type Values = Record<string, readonly unknown[]>;
const fields = (request: object, values: Values) => ({ request, values });
export const key = { environmentId: "alpha", slug: "member" };
const permission = { environmentId: "alpha", slug: "a:b", name: "A" };
const roleFields: Values = {
  environmentId: ids,
  organizationId: ids,
  name: names,
  description: descriptions,
  requestId: notUuids,
};

/** Contains, for each RPC, a request that breaks no rule and, for each of its fields, values that break one. */
export const fieldRules = {
  roles: {
    createRole: fields(role, {
      ...roleFields,
      slug: [...references, "x", "org", "org-", "Org-x", "org_x", `org-${"x".repeat(45)}`],
      permissions: permissionSlugs.map((slug) => [slug]),
    }),
    getRole: fields(role, { environmentId: ids, organizationId: ids, slug: references }),
    listEnvironmentRoles: fields({ environmentId: "alpha" }, { environmentId: ids, pageSize: sizes }),
    listOrgRoles: fields(role, { environmentId: ids, organizationId: ids, pageSize: sizes }),
    updateRole: fields(
      { ...role, role: roleValues, updateMask: ["name"] },
      {
        environmentId: ids,
        organizationId: ids,
        slug: references,
        etag: etags,
        requestId: notUuids,
        updateMask: [undefined, []],
      },
    ),
    addRolePermissions: fields(role, {
      environmentId: ids,
      organizationId: ids,
      slug: references,
      permissions: permissionSlugs.map((slug) => [slug]),
      requestId: notUuids,
    }),
    removeRolePermissions: fields(role, {
      environmentId: ids,
      organizationId: ids,
      slug: references,
      permissions: permissionSlugs.map((slug) => [slug]),
      requestId: notUuids,
    }),
    setPriority: fields(role, {
      environmentId: ids,
      organizationId: ids,
      slugs: references.map((slug) => [slug]),
      etag: etags,
      requestId: notUuids,
    }),
    setDefaultRole: fields(role, {
      environmentId: ids,
      organizationId: ids,
      slug: references,
      etag: etags,
      requestId: notUuids,
    }),
    deleteEnvironmentRole: fields(deletion, {
      environmentId: ids,
      slug: references,
      replacementDefaultRoleSlug: references,
      etag: etags,
      requestId: notUuids,
    }),
    deleteOrgRole: fields(role, {
      environmentId: ids,
      organizationId: ids,
      slug: references,
      replacementRoleSlug: references,
      etag: etags,
      requestId: notUuids,
    }),
    resetOrgRoleConfig: fields(role, { environmentId: ids, organizationId: ids, requestId: notUuids }),
    suggestSlug: fields(role, { environmentId: ids, organizationId: ids.filter(Boolean), name: names }),
  },
  environments: {
    createEnvironment: fields(
      { environmentId: "new" },
      {
        environmentId: ids,
        displayName: [" ", "\u200d", "a\u202db", "a\0b", "x".repeat(65), emoji(65)],
        requestId: notUuids,
      },
    ),
    getEnvironment: fields({}, { environmentId: ids }),
    listEnvironments: fields({}, { pageSize: sizes }),
    updateEnvironment: fields(
      { environmentId: "alpha", environment: environmentValues, updateMask: ["display_name"] },
      { environmentId: ids, etag: etags, requestId: notUuids, updateMask: [undefined, []] },
    ),
    deleteEnvironment: fields({ environmentId: "none" }, { environmentId: ids, requestId: notUuids }),
    deleteOrganizationData: fields(role, { environmentId: ids, organizationId: ids, requestId: notUuids }),
    listOrganizations: fields(scope, { environmentId: ids, organizationIdPrefix: ids, pageSize: sizes }),
    getOrganization: fields(scope, { environmentId: ids, organizationId: ids }),
  },
  permissions: {
    createPermission: fields(permission, {
      environmentId: ids,
      slug: permissionSlugs,
      name: names,
      description: descriptions,
      requestId: notUuids,
    }),
    getPermission: fields(permission, { environmentId: ids, slug: permissionSlugs }),
    listPermissions: fields(key, { environmentId: ids, pageSize: sizes }),
    updatePermission: fields(
      { ...permission, permission: permissionValues, updateMask: ["name"] },
      {
        environmentId: ids,
        slug: permissionSlugs,
        etag: etags,
        requestId: notUuids,
        updateMask: [undefined, []],
      },
    ),
    deletePermission: fields(permission, {
      environmentId: ids,
      slug: permissionSlugs,
      etag: etags,
      requestId: notUuids,
    }),
  },
  memberships: {
    setMemberRoles: fields(member, {
      environmentId: ids,
      organizationId: ids,
      userId: ids,
      roleSlugs: references.map((slug) => [slug]),
      etag: etags,
      requestId: notUuids,
    }),
    batchSetMemberRoles: fields(
      { environmentId: "alpha", memberships: [member] },
      { environmentId: ids, memberships: [[]], requestId: notUuids },
    ),
    getMembership: fields(member, { environmentId: ids, organizationId: ids, userId: ids }),
    deleteMembership: fields(member, {
      environmentId: ids,
      organizationId: ids,
      userId: ids,
      etag: etags,
      requestId: notUuids,
    }),
    listMemberships: fields(scope, {
      environmentId: ids,
      organizationId: ids,
      roleSlug: references,
      userIdPrefix: ids,
      pageSize: sizes,
    }),
    deleteUserMemberships: fields(member, { environmentId: ids, userId: ids, requestId: notUuids }),
    listUserMemberships: fields(member, { environmentId: ids, userId: ids, pageSize: sizes }),
    listRoleMemberships: fields(group, { environmentId: ids, roleSlug: references, pageSize: sizes }),
    setGroupRole: fields(group, {
      environmentId: ids,
      organizationId: ids,
      groupId: ids,
      roleSlug: references,
      requestId: notUuids,
    }),
    deleteGroupRole: fields(group, {
      environmentId: ids,
      organizationId: ids,
      groupId: ids,
      requestId: notUuids,
    }),
    listGroupRoles: fields(scope, { environmentId: ids, organizationId: ids, pageSize: sizes }),
    syncMemberGroups: fields(member, {
      environmentId: ids,
      organizationId: ids,
      userId: ids,
      requestId: notUuids,
    }),
  },
  access: {
    getAccess: fields(member, { environmentId: ids, organizationId: ids, userId: ids }),
    checkPermission: fields(member, {
      environmentId: ids,
      organizationId: ids,
      userId: ids,
      permission: permissionSlugs,
    }),
    batchCheckPermissions: fields({ environmentId: "alpha", checks: [member] }, { environmentId: ids, checks: [[]] }),
    getCaller: fields({}, {}),
  },
  events: {
    listEvents: fields(
      { environmentId: "alpha" },
      {
        environmentId: ids,
        organizationId: ids,
        userId: ids,
        types: [[""], ["role."], ["roles"], ["role.Created"], ["group"]],
        pageSize: sizes,
      },
    ),
    watchEvents: fields(
      { environmentId: "alpha", start: { $case: "fromNow", value: true } },
      {
        environmentId: ids,
        organizationId: ids,
        types: [[""], ["role."], ["roles"]],
        start: [undefined],
      },
    ),
  },
};

export type Service = keyof typeof fieldRules;
type Call = (request: object) => Promise<unknown>;

/** Contains one row for each RPC, for tests of all of them. */
export const rpcs = Object.entries(fieldRules).flatMap(([service, calls]) =>
  Object.entries(calls).map(([rpc, table]) => ({ service: service as Service, rpc, ...table })),
);

/** Calls an RPC by its name. */
export const callOn = (stage: Stage, service: Service, rpc: string, request: object) =>
  (stage[service] as unknown as Record<string, Call>)[rpc]?.(request) ?? Promise.reject(new Error(`no ${rpc}`));

/** Contains the fields that a request cannot do without. */
export const requiredFields = {
  createRole: ["name"],
  getRole: ["slug"],
  listEnvironmentRoles: [],
  listOrgRoles: ["organizationId"],
  updateRole: ["slug"],
  addRolePermissions: ["slug"],
  removeRolePermissions: ["slug"],
  setPriority: [],
  setDefaultRole: ["slug"],
  deleteEnvironmentRole: ["slug"],
  deleteOrgRole: ["organizationId", "slug"],
  resetOrgRoleConfig: ["organizationId"],
  suggestSlug: ["name"],
  createEnvironment: [],
  getEnvironment: [],
  listEnvironments: [],
  updateEnvironment: [],
  deleteEnvironment: [],
  deleteOrganizationData: ["organizationId"],
  listOrganizations: [],
  getOrganization: ["organizationId"],
  createPermission: ["slug", "name"],
  getPermission: ["slug"],
  listPermissions: [],
  updatePermission: ["slug"],
  deletePermission: ["slug"],
  setMemberRoles: ["organizationId", "userId"],
  batchSetMemberRoles: [],
  getMembership: ["organizationId", "userId"],
  deleteMembership: ["organizationId", "userId"],
  listMemberships: ["organizationId"],
  deleteUserMemberships: ["userId"],
  listUserMemberships: ["userId"],
  listRoleMemberships: ["roleSlug"],
  setGroupRole: ["organizationId", "groupId", "roleSlug"],
  deleteGroupRole: ["organizationId", "groupId"],
  listGroupRoles: ["organizationId"],
  syncMemberGroups: ["organizationId", "userId"],
  getAccess: ["organizationId", "userId"],
  checkPermission: ["organizationId", "userId", "permission"],
  batchCheckPermissions: [],
  getCaller: [],
  listEvents: [],
  watchEvents: [],
};
