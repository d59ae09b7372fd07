import { randomUUID } from "node:crypto";
import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type Stage, organizationIn, present, stageOn } from "../support/stage";

const organizationId = "acme";
type Repeat = (requestId: string) => Promise<unknown>;

/** Every mutation, and for each another request of the same RPC. */
const mutations: Record<string, (stage: Stage, environmentId: string) => Promise<[Repeat, Repeat]>> = {
  "CreateRole of an environment role": async ({ roles }, environmentId) => [
    (requestId) => roles.createRole({ environmentId, slug: "viewer", name: "Viewer", requestId }),
    (requestId) => roles.createRole({ environmentId, slug: "viewer", name: "Other", requestId }),
  ],
  "CreateRole with a slug": async ({ roles }, environmentId) => [
    (requestId) => roles.createRole({ environmentId, organizationId, slug: "org-x", name: "X", requestId }),
    (requestId) => roles.createRole({ environmentId, organizationId, slug: "org-y", name: "X", requestId }),
  ],
  "CreateRole without a slug": async ({ roles }, environmentId) => [
    (requestId) => roles.createRole({ environmentId, organizationId: "new", name: "X", requestId }),
    (requestId) => roles.createRole({ environmentId, organizationId: "newer", name: "X", requestId }),
  ],
  UpdateRole: async ({ roles }, environmentId) => {
    const { role } = await roles.getRole({ environmentId, slug: "admin" });
    const values = { ...present(role), name: "New", permissions: ["reports:read"] };
    const key = { environmentId, slug: "admin", role: values, etag: present(role).etag };
    return [
      (requestId) => roles.updateRole({ ...key, updateMask: ["name", "permissions"], requestId }),
      (requestId) => roles.updateRole({ ...key, updateMask: ["name"], requestId }),
    ];
  },
  AddRolePermissions: async ({ roles }, environmentId) => {
    const key = { environmentId, slug: "admin" };
    return [
      (requestId) => roles.addRolePermissions({ ...key, permissions: ["invoices:pay"], requestId }),
      (requestId) => roles.addRolePermissions({ ...key, permissions: ["reports:read"], requestId }),
    ];
  },
  RemoveRolePermissions: async ({ roles }, environmentId) => {
    const key = { environmentId, slug: "admin" };
    return [
      (requestId) => roles.removeRolePermissions({ ...key, permissions: ["invoices:read"], requestId }),
      (requestId) => roles.removeRolePermissions({ ...key, permissions: [], requestId }),
    ];
  },
  SetPriority: async ({ roles }, environmentId) => [
    (requestId) => roles.setPriority({ environmentId, slugs: ["admin", "member"], requestId }),
    (requestId) => roles.setPriority({ environmentId, slugs: ["member", "admin"], requestId }),
  ],
  SetDefaultRole: async ({ roles }, environmentId) => [
    (requestId) => roles.setDefaultRole({ environmentId, slug: "admin", requestId }),
    (requestId) => roles.setDefaultRole({ environmentId, organizationId: "globex", slug: "admin", requestId }),
  ],
  DeleteEnvironmentRole: async ({ roles }, environmentId) => {
    const key = { environmentId, replacementDefaultRoleSlug: "admin" };
    return [
      (requestId) => roles.deleteEnvironmentRole({ ...key, slug: "member", requestId }),
      (requestId) => roles.deleteEnvironmentRole({ environmentId, slug: "member", requestId }),
    ];
  },
  DeleteOrgRole: async ({ roles }, environmentId) => {
    const key = { environmentId, organizationId: "globex", slug: "org-auditor" };
    return [
      (requestId) => roles.deleteOrgRole({ ...key, replacementRoleSlug: "member", requestId }),
      (requestId) => roles.deleteOrgRole({ ...key, replacementRoleSlug: "admin", requestId }),
    ];
  },
  ResetOrgRoleConfig: async ({ roles }, environmentId) => {
    const scope = { environmentId, organizationId };
    await roles.createRole({ ...scope, slug: "org-x", name: "X" });
    await roles.deleteOrgRole({ ...scope, slug: "org-x" });
    return [
      (requestId) => roles.resetOrgRoleConfig({ ...scope, requestId }),
      (requestId) => roles.resetOrgRoleConfig({ ...scope, organizationId: "new", requestId }),
    ];
  },
  CreateEnvironment: async ({ environments }, environmentId) => {
    await environments.deleteEnvironment({ environmentId, force: true });
    return [
      (requestId) => environments.createEnvironment({ environmentId, requestId }),
      (requestId) => environments.createEnvironment({ environmentId, displayName: "Other", requestId }),
    ];
  },
  UpdateEnvironment: async ({ environments }, environmentId) => {
    const { environment } = await environments.getEnvironment({ environmentId });
    const values = { ...present(environment), displayName: "New", multipleRolesEnabled: true };
    const key = { environmentId, environment: values, etag: present(environment).etag };
    return [
      (requestId) => environments.updateEnvironment({ ...key, updateMask: ["display_name"], requestId }),
      (requestId) => environments.updateEnvironment({ ...key, updateMask: ["multiple_roles_enabled"], requestId }),
    ];
  },
  DeleteOrganizationData: async ({ environments }, environmentId) => [
    (requestId) => environments.deleteOrganizationData({ environmentId, organizationId: "globex", requestId }),
    (requestId) => environments.deleteOrganizationData({ environmentId, organizationId, requestId }),
  ],
  SetMemberRoles: async ({ memberships }, environmentId) => {
    const key = { environmentId, organizationId: "new", userId: "ann" };
    return [
      (requestId) => memberships.setMemberRoles({ ...key, roleSlugs: ["admin"], requestId }),
      (requestId) => memberships.setMemberRoles({ ...key, roleSlugs: ["member"], requestId }),
    ];
  },
  "SetMemberRoles under an etag": async ({ memberships }, environmentId) => {
    const key = { environmentId, organizationId: "globex", userId: "gil" };
    const { membership } = await memberships.getMembership(key);
    const set = { ...key, roleSlugs: ["admin"], etag: present(membership).etag };
    return [
      (requestId) => memberships.setMemberRoles({ ...set, requestId }),
      (requestId) => memberships.setMemberRoles({ ...set, etag: undefined, requestId }),
    ];
  },
  BatchSetMemberRoles: async ({ memberships: service }, environmentId) => {
    const memberships = ["globex", "new", "acme"].map((id) => ({ organizationId: id, userId: "gil", roleSlugs: [] }));
    return [
      (requestId) => service.batchSetMemberRoles({ environmentId, memberships, requestId }),
      (requestId) => service.batchSetMemberRoles({ environmentId, memberships: memberships.toReversed(), requestId }),
    ];
  },
  DeleteMembership: async ({ memberships }, environmentId) => {
    const key = { environmentId, organizationId: "globex", userId: "gil" };
    return [
      (requestId) => memberships.deleteMembership({ ...key, requestId }),
      (requestId) => memberships.deleteMembership({ ...key, userId: "ann", requestId }),
    ];
  },
  DeleteUserMemberships: async ({ memberships }, environmentId) => [
    (requestId) => memberships.deleteUserMemberships({ environmentId, userId: "gil", requestId }),
    (requestId) => memberships.deleteUserMemberships({ environmentId, userId: "ann", requestId }),
  ],
  SetGroupRole: async ({ memberships }, environmentId) => {
    const key = { environmentId, organizationId, groupId: "staff" };
    return [
      (requestId) => memberships.setGroupRole({ ...key, roleSlug: "admin", requestId }),
      (requestId) => memberships.setGroupRole({ ...key, roleSlug: "member", requestId }),
    ];
  },
  DeleteGroupRole: async ({ memberships }, environmentId) => {
    const key = { environmentId, organizationId: "globex", groupId: "staff" };
    return [
      (requestId) => memberships.deleteGroupRole({ ...key, requestId }),
      (requestId) => memberships.deleteGroupRole({ ...key, organizationId, requestId }),
    ];
  },
  SyncMemberGroups: async ({ memberships }, environmentId) => {
    const key = { environmentId, organizationId: "globex", userId: "gil" };
    return [
      (requestId) => memberships.syncMemberGroups({ ...key, groupIds: ["staff"], requestId }),
      (requestId) => memberships.syncMemberGroups({ ...key, groupIds: [], requestId }),
    ];
  },
  CreatePermission: async ({ permissions }, environmentId) => [
    (requestId) => permissions.createPermission({ environmentId, slug: "exports:run", name: "Run", requestId }),
    (requestId) => permissions.createPermission({ environmentId, slug: "exports:run", name: "Other", requestId }),
  ],
  UpdatePermission: async ({ permissions }, environmentId) => {
    const { permission } = await permissions.getPermission({ environmentId, slug: "invoices:pay" });
    const values = { ...present(permission), name: "New", description: "New" };
    const key = { environmentId, slug: "invoices:pay", permission: values, etag: present(permission).etag };
    return [
      (requestId) => permissions.updatePermission({ ...key, updateMask: ["name"], requestId }),
      (requestId) => permissions.updatePermission({ ...key, updateMask: ["description"], requestId }),
    ];
  },
  DeletePermission: async ({ permissions }, environmentId) => [
    (requestId) => permissions.deletePermission({ environmentId, slug: "invoices:read", requestId }),
    (requestId) => permissions.deletePermission({ environmentId, slug: "invoices:pay", requestId }),
  ],
};

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  const everythingIn = async (environmentId: string) => [
    await stage.environments.getEnvironment({ environmentId }),
    await stage.permissions.listPermissions({ environmentId }),
    await stage.roles.listEnvironmentRoles({ environmentId }),
    ...(await Promise.all(
      ["acme", "globex", "new", "newer"].map((id) => organizationIn(stage, { environmentId, organizationId: id })),
    )),
  ];

  test.each(Object.entries(mutations))("%s is done once for its request id", async (_, prepare) => {
    const environmentId = await stage.changingEnvironment();
    const [repeat, other] = await prepare(stage, environmentId);
    const requestId = randomUUID();
    const answer = await repeat(requestId);
    const after = await everythingIn(environmentId);
    expect(await repeat(requestId)).toEqual(answer);
    expect(await repeat(requestId.toUpperCase())).toEqual(answer);
    expect(await failureOf(other(requestId))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "REQUEST_ID_REUSED",
      metadata: { request_id: requestId },
      violations: [{ field: "request_id", description: "must be a new UUID for each new request" }],
    });
    expect(await everythingIn(environmentId)).toEqual(after);
  });

  test("DeleteEnvironment is done once for its request id", async () => {
    const environmentId = await stage.changingEnvironment();
    const remove = { environmentId, force: true, requestId: randomUUID() };
    const answer = { deletedOrganizationCount: 1 };
    expect(await stage.environments.deleteEnvironment(remove)).toEqual(answer);
    expect(await stage.environments.deleteEnvironment(remove)).toEqual(answer);
    await stage.environments.createEnvironment({ environmentId });
    expect(await stage.environments.deleteEnvironment(remove)).toEqual(answer);
    expect((await stage.environments.getEnvironment({ environmentId })).environment?.id).toBe(environmentId);
    expect(await failureOf(stage.environments.deleteEnvironment({ ...remove, force: false }))).toMatchObject({
      reason: "REQUEST_ID_REUSED",
    });
  });

  test("one RPC's request id is another request for another RPC", async () => {
    const environmentId = await stage.environment();
    const requestId = randomUUID();
    const scope = { environmentId, organizationId, requestId };
    await stage.roles.createRole({ ...scope, name: "Own" });
    expect(await failureOf(stage.roles.resetOrgRoleConfig(scope))).toMatchObject({ reason: "REQUEST_ID_REUSED" });
    expect(await failureOf(stage.environments.deleteOrganizationData(scope))).toMatchObject({
      reason: "REQUEST_ID_REUSED",
    });
  });

  test("the same request several times at once is done once", async () => {
    const environmentId = await stage.environment();
    const create = { environmentId, organizationId, name: "Own", requestId: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 8 }, () => stage.roles.createRole(create)));
    expect(new Set(answers.map(({ role }) => role?.id)).size).toBe(1);
    expect((await stage.roles.listOrgRoles({ environmentId, organizationId })).roles).toHaveLength(3);
  });

  test("a request that only validated, or failed, leaves its id unused", async () => {
    const environmentId = await stage.changingEnvironment();
    const requestId = randomUUID();
    const remove = { environmentId, slug: "admin", requestId };
    await stage.roles.deleteEnvironmentRole({ ...remove, validateOnly: true });
    await failureOf(stage.roles.deleteEnvironmentRole({ ...remove, slug: "member" }));
    expect(await stage.roles.deleteEnvironmentRole(remove)).toMatchObject({ validateOnly: false });
    const auditor = { environmentId, organizationId: "globex", slug: "org-auditor", replacementRoleSlug: "member" };
    const own = { ...auditor, requestId: randomUUID() };
    await stage.roles.deleteOrgRole({ ...own, validateOnly: true });
    expect(await stage.roles.deleteOrgRole(own)).toMatchObject({ validateOnly: false });
    expect((await stage.roles.listOrgRoles(own)).config?.priorityOrder).toEqual(["member"]);
  });
});
