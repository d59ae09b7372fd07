import { failureOf, readStatus } from "../support/client";
import { engines } from "../support/engines";
import { present, stageOn } from "../support/stage";

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const required = (...paths: string[]) => paths.map((field) => ({ field, description: "is required" }));
const emoji = (count: number) => "🙂".repeat(count);

describe.each(engines)("the longest values on $name", (engine) => {
  const stage = stageOn(engine);

  test("are stored as they are", async () => {
    await stage.environment();
    const environmentId = `${"~".repeat(63)}!`;
    const { environment } = await stage.environments.createEnvironment({ environmentId, displayName: emoji(64) });
    expect(environment).toMatchObject({ id: environmentId, displayName: emoji(64) });
    const texts = { name: emoji(48), description: emoji(150) };
    const { permission } = await stage.permissions.createPermission({ environmentId, slug: "*".repeat(48), ...texts });
    expect(permission).toMatchObject({ slug: "*".repeat(48), ...texts });
    const permissions = ["*".repeat(48)];
    const slug = "r".repeat(48);
    const scope = { environmentId, organizationId: `${"/".repeat(63)}\\` };
    await stage.roles.createRole({ environmentId, slug, ...texts, permissions });
    const { role } = await stage.roles.createRole({ ...scope, slug: `org-${"r".repeat(44)}`, ...texts, permissions });
    const { roles, config } = await stage.roles.listOrgRoles(scope);
    expect(roles).toMatchObject([{ slug: "member" }, { slug, ...texts, permissions }, present(role)]);
    expect(config?.priorityOrder).toEqual(["member", slug, role?.slug]);

    const member = { ...scope, userId: `${"\\".repeat(63)}'`, roleSlugs: [present(role).slug] };
    const group = { ...scope, groupId: `${"%".repeat(63)}_`, roleSlug: slug };
    const { membership } = await stage.memberships.setMemberRoles(member);
    expect(membership).toMatchObject(member);
    expect((await stage.memberships.listMemberships(scope)).memberships).toEqual([membership]);
    const { groupRole } = await stage.memberships.setGroupRole(group);
    expect(groupRole).toMatchObject(group);
    expect((await stage.memberships.listGroupRoles(scope)).groupRoles).toEqual([groupRole]);
    const check = { organizationId: scope.organizationId, userId: member.userId, permission: present(permissions[0]) };
    const { results } = await stage.access.batchCheckPermissions({ environmentId, checks: [check] });
    expect(results).toMatchObject([{ allowed: true, grantedBy: member.roleSlugs }]);
  });

  test("ids and slugs that differ in case or at the end are different ones", async () => {
    const environmentId = await stage.environment();
    for (const organizationId of ["acme", "ACME", "Acme", "acme."])
      await stage.roles.createRole({ environmentId, organizationId, slug: "org-own", name: organizationId });
    for (const organizationId of ["acme", "ACME", "Acme", "acme."]) {
      const { role } = await stage.roles.getRole({ environmentId, organizationId, slug: "org-own" });
      expect(role).toMatchObject({ name: organizationId, organizationId });
    }
    await stage.environments.deleteOrganizationData({ environmentId, organizationId: "ACME" });
    expect((await stage.roles.listOrgRoles({ environmentId, organizationId: "acme" })).roles).toHaveLength(3);
    for (const name of ["Own", "own", "Own"])
      await stage.roles.createRole({ environmentId, organizationId: "acme", name });
  });

  test("users and groups that differ in case or at the end are different ones", async () => {
    const scope = { environmentId: await stage.environment(), organizationId: "acme" };
    const roles = { ann: "admin", ANN: "member", Ann: "member", "ann.": "admin", an: "member" };
    for (const [id, roleSlug] of Object.entries(roles)) {
      await stage.memberships.setMemberRoles({ ...scope, userId: id, roleSlugs: [roleSlug] });
      await stage.memberships.setGroupRole({ ...scope, groupId: id, roleSlug });
    }
    const sorted = Object.entries(roles).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const { memberships } = await stage.memberships.listMemberships(scope);
    expect(memberships.map(({ userId, primaryRoleSlug }) => [userId, primaryRoleSlug])).toEqual(sorted);
    const { groupRoles } = await stage.memberships.listGroupRoles(scope);
    expect(groupRoles.map(({ groupId, roleSlug }) => [groupId, roleSlug])).toEqual(sorted);
    await stage.memberships.deleteMembership({ ...scope, userId: "Ann" });
    await stage.memberships.deleteGroupRole({ ...scope, groupId: "Ann" });
    for (const userId of ["ann", "ANN", "ann.", "an"]) await stage.memberships.getMembership({ ...scope, userId });
    expect((await stage.memberships.listGroupRoles(scope)).groupRoles).toHaveLength(4);
  });
});

describe("what breaks a rule", () => {
  const stage = stageOn(present(engines[0]));

  const ids = ["", " ", "two words", "ü", "x".repeat(65), "tab\t", "nul\0", "del\x7f", " acme"];
  const names = ["", "  ", "\u200b", "\u202eb", "a\0b", "a\nb", "a\x7fb", "a\x85b", "x".repeat(49), emoji(49)];
  const descriptions = ["x".repeat(151), emoji(151), "a\0b", "a\rb", "a\x1bb", "\x9f", "\u2066a"];
  const references = ["", "-a", "a-", "a--b", "a__b", "a-_b", "a_-b", "A", "a b", "ä", "x".repeat(49)];
  const permissionSlugs = ["", "A", "a b", "a/b", "ä", "x".repeat(49)];
  const notUuids = ["", "x", "6f1b3a0e3c1f4d7c9d592f0f4f0a8a11", "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a1g"];
  const etags = ["", "two words", "x".repeat(65), "ä"];
  const sizes = [-1, -(2 ** 31)];

  const role = { environmentId: "alpha", organizationId: "acme", slug: "org-x", name: "X" };
  const roleValues = {
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
  const tooMany = Array.from({ length: 1001 }, () => ({ organizationId: "", userId: "", roleSlugs: [] }));

  type Values = Record<string, readonly unknown[]>;
  const fields = (request: object, values: Values) => ({ request, values });
  const key = { environmentId: "alpha", slug: "member" };
  const permission = { environmentId: "alpha", slug: "a:b", name: "A" };
  const roleFields: Values = {
    environmentId: ids,
    organizationId: ids,
    name: names,
    description: descriptions,
    requestId: notUuids,
  };

  const services = {
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
      suggestSlug: fields(role, { environmentId: ids, organizationId: ids, name: names }),
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
        pageSize: sizes,
      }),
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
    },
  };

  const rpcs = Object.entries(services).flatMap(([service, calls]) =>
    Object.entries(calls).map(([rpc, table]) => ({ service: service as keyof typeof services, rpc, ...table })),
  );
  type Call = (request: object) => Promise<unknown>;
  const call = (service: keyof typeof services, rpc: string, request: object) =>
    (stage[service] as unknown as Record<string, Call>)[rpc]?.(request) ?? Promise.reject(new Error(`no ${rpc}`));

  test("every RPC has its rules here", () => {
    for (const service of ["roles", "environments", "permissions", "memberships", "access"] as const)
      expect(Object.keys(services[service]).toSorted()).toEqual(Object.keys(stage[service]).toSorted());
  });

  test.each(rpcs)("$rpc names the field, whatever else is right", async ({ service, rpc, request, values }) => {
    await stage.environment();
    for (const [field, broken] of Object.entries(values))
      for (const value of broken) {
        const failure = await failureOf(call(service, rpc, { ...request, [field]: value }));
        const path = snakeCase(field) + (Array.isArray(value) && value.length ? "[0]" : "");
        expect([value, failure.code, failure.reason]).toEqual([value, "INVALID_ARGUMENT", "INVALID_FIELDS"]);
        expect(failure.metadata).toEqual({ violation_count: "1" });
        expect(failure.violations).toEqual([{ field: path, description: expect.stringMatching(/^(?:must|is) /) }]);
      }
  });

  /** The fields of a request that it cannot do without. */
  const requiredFields = {
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
    suggestSlug: ["organizationId", "name"],
    createEnvironment: [],
    getEnvironment: [],
    listEnvironments: [],
    updateEnvironment: [],
    deleteEnvironment: [],
    deleteOrganizationData: ["organizationId"],
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
    setGroupRole: ["organizationId", "groupId", "roleSlug"],
    deleteGroupRole: ["organizationId", "groupId"],
    listGroupRoles: ["organizationId"],
    syncMemberGroups: ["organizationId", "userId"],
    getAccess: ["organizationId", "userId"],
    checkPermission: ["organizationId", "userId", "permission"],
    batchCheckPermissions: [],
  };

  test.each(rpcs)(
    "$rpc says of each field that it needs and does not have: is required",
    async ({ service, rpc, request }) => {
      await stage.environment();
      const own = requiredFields[rpc as keyof typeof requiredFields];
      for (const field of rpc === "listEnvironments" ? own : ["environmentId", ...own])
        expect((await failureOf(call(service, rpc, { ...request, [field]: "" }))).violations).toEqual([
          { field: snakeCase(field), description: "is required" },
        ]);
    },
  );

  const violations = async (service: keyof typeof services, rpc: string, request: object) =>
    (await failureOf(call(service, rpc, request))).violations;

  test("fields that a message of the request needs are required too", async () => {
    await stage.environment();
    const empty = { ...roleValues, name: "", displayName: "", multipleRolesEnabled: false };
    expect(await violations("roles", "updateRole", { ...key, role: empty, updateMask: ["name"] })).toEqual(
      required("role.name"),
    );
    expect(await violations("roles", "updateRole", { ...key, updateMask: ["permissions"] })).toEqual(required("role"));
    expect(
      await violations("permissions", "updatePermission", { ...key, permission: empty, updateMask: ["name"] }),
    ).toEqual(required("permission.name"));
    expect(
      await violations("environments", "updateEnvironment", {
        environmentId: "alpha",
        environment: empty,
        updateMask: ["display_name"],
      }),
    ).toEqual(required("environment.display_name"));
    const item = { organizationId: "", userId: "", roleSlugs: [] };
    expect(
      await violations("memberships", "batchSetMemberRoles", { environmentId: "alpha", memberships: [item] }),
    ).toEqual(required("memberships[0].organization_id", "memberships[0].user_id"));
    expect(await violations("roles", "createRole", { environmentId: "alpha", name: "X" })).toEqual(required("slug"));
    const checks = [{ organizationId: "", userId: "", permission: "" }];
    const { results } = await stage.access.batchCheckPermissions({ environmentId: "alpha", checks });
    expect(readStatus(present(present(results[0]).error)).violations).toEqual(
      required("organization_id", "user_id", "permission"),
    );
  });

  test.each(["organizationId", "slug", "requestId"])(
    "an optional %s that is set but empty has a rule to break",
    async (field) => {
      await stage.environment();
      const failure = await failureOf(stage.roles.createRole({ ...role, [field]: "" }));
      expect(failure.violations).toEqual([
        { field: snakeCase(field), description: expect.stringMatching(/^must be /) },
      ]);
    },
  );

  test("all violations come at once, and nothing is read before", async () => {
    await stage.environment();
    const failure = await failureOf(
      stage.roles.createRole({
        environmentId: "no such environment",
        organizationId: "",
        slug: "x",
        name: "",
        description: "\0",
        permissions: ["ok", "not ok", "", "ok"],
        requestId: "x",
      }),
    );
    expect(failure.violations.map(({ field }) => field)).toEqual([
      "environment_id",
      "organization_id",
      "slug",
      "name",
      "description",
      "permissions[1]",
      "permissions[2]",
      "request_id",
    ]);
    expect(failure.metadata).toEqual({ violation_count: "8" });
    expect(failure.message).toMatch(/^Invalid request: environment_id must be .+ \(and 7 more violations\)$/);
  });

  test("a batch has 1 to 1000 items, and of more none is looked at", async () => {
    await stage.environment();
    for (const [service, rpc, field] of [
      ["memberships", "batchSetMemberRoles", "memberships"],
      ["access", "batchCheckPermissions", "checks"],
    ] as const)
      for (const items of [[], tooMany]) {
        const batch =
          rpc === "batchSetMemberRoles" ? items : items.map(() => ({ organizationId: "", userId: "", permission: "" }));
        const failure = await failureOf(call(service, rpc, { environmentId: "alpha", [field]: batch }));
        expect(failure).toMatchObject({
          code: "INVALID_ARGUMENT",
          reason: "INVALID_FIELDS",
          metadata: { violation_count: "1" },
          violations: [{ field, description: "must be 1–1000 items" }],
        });
      }
  });

  test.each([undefined, "", "org-viewer", "org-", "Viewer"])(
    "an environment role's slug is required and not %j",
    async (slug) => {
      const environmentId = await stage.environment();
      const failure = await failureOf(stage.roles.createRole({ environmentId, slug, name: "Viewer" }));
      expect(failure.violations.map(({ field }) => field)).toEqual(["slug"]);
    },
  );
});
