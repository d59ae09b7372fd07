import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, slugsOf, stageOn } from "../support/stage";

const organizationId = "acme";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  const withOwnRole = async () => {
    const environmentId = await stage.environment();
    await stage.roles.createRole({ environmentId, organizationId, slug: "org-own", name: "Own" });
    return { environmentId, organizationId };
  };
  const configOf = async (scope: { environmentId: string; organizationId?: string }) => {
    const { environmentId } = scope;
    const { config } = scope.organizationId
      ? await stage.roles.listOrgRoles({ environmentId, organizationId: scope.organizationId })
      : await stage.roles.listEnvironmentRoles({ environmentId });
    return present(config);
  };

  test("an organization's new order is answered and stays", async () => {
    const scope = await withOwnRole();
    const slugs = ["org-own", "admin", "member"];
    const { roles, config } = await stage.roles.setPriority({ ...scope, slugs });
    expect(slugsOf(roles)).toEqual(slugs);
    expect(roles.map(({ priority, isDefault }) => [priority, isDefault])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(config).toMatchObject({ defaultRoleSlug: "member", priorityOrder: slugs, inheritsEnvironment: false });
    expect(await stage.roles.listOrgRoles(scope)).toEqual({ roles, config, nextPageToken: "" });
    expect((await configOf({ environmentId: scope.environmentId })).priorityOrder).toEqual(["member", "admin"]);
  });

  test("an environment's new order and default are answered and stay", async () => {
    const environmentId = await stage.changingEnvironment();
    const slugs = ["admin", "member"];
    const { roles } = await stage.roles.setPriority({ environmentId, slugs });
    expect(slugsOf(roles)).toEqual(slugs);
    const { config } = await stage.roles.setDefaultRole({ environmentId, slug: "admin" });
    expect(config).toMatchObject({ defaultRoleSlug: "admin", priorityOrder: slugs, inheritsEnvironment: false });
    expect(await configOf({ environmentId })).toEqual(config);
    expect((await stage.roles.getRole({ environmentId, slug: "admin" })).role).toMatchObject({
      isDefault: true,
      priority: 1,
    });
    expect(await configOf({ environmentId, organizationId: "globex" })).toMatchObject({
      defaultRoleSlug: "member",
      priorityOrder: ["member", "admin", "org-auditor"],
    });
  });

  test.each([
    ["a missing role", ["org-own", "member"], { missing: "admin", unknown: "", duplicate: "" }],
    ["no roles", [], { missing: "member,admin,org-own", unknown: "", duplicate: "" }],
    ["an unknown role", ["org-own", "member", "admin", "viewer"], { missing: "", unknown: "viewer", duplicate: "" }],
    [
      "another organization's role",
      ["org-auditor", "org-own", "member", "admin"],
      { missing: "", unknown: "org-auditor", duplicate: "" },
    ],
    ["a role twice", ["org-own", "member", "admin", "member"], { missing: "", unknown: "", duplicate: "member" }],
    [
      "everything at once",
      ["viewer", "member", "member"],
      { missing: "admin,org-own", unknown: "viewer", duplicate: "member" },
    ],
  ])("an order with %s is refused and says where it differs", async (_, slugs, metadata) => {
    const scope = await withOwnRole();
    expect(await failureOf(stage.roles.setPriority({ ...scope, slugs }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "PRIORITY_ORDER_MISMATCH",
      metadata,
      violations: [{ field: "slugs", description: "must contain every role of the scope exactly once" }],
    });
    expect((await configOf(scope)).priorityOrder).toEqual(["member", "admin", "org-own"]);
  });

  test("an environment's order does not name custom roles", async () => {
    const { environmentId } = await withOwnRole();
    const slugs = ["org-own", "member", "admin"];
    expect(await failureOf(stage.roles.setPriority({ environmentId, slugs }))).toMatchObject({
      reason: "PRIORITY_ORDER_MISMATCH",
      metadata: { missing: "", unknown: "org-own", duplicate: "" },
    });
  });

  test("any effective role may be an organization's default", async () => {
    const scope = await withOwnRole();
    for (const slug of ["org-own", "admin", "member"]) {
      const { config } = await stage.roles.setDefaultRole({ ...scope, slug });
      expect(config).toMatchObject({ defaultRoleSlug: slug, priorityOrder: ["member", "admin", "org-own"] });
      expect(await configOf(scope)).toEqual(config);
      const { roles } = await stage.roles.listOrgRoles(scope);
      expect(slugsOf(roles.filter(({ isDefault }) => isDefault))).toEqual([slug]);
    }
    expect((await configOf({ environmentId: scope.environmentId })).defaultRoleSlug).toBe("member");
  });

  test("no other role may be a default", async () => {
    const scope = await withOwnRole();
    for (const [where, slug] of [
      [scope, "org-auditor"],
      [scope, "viewer"],
      [{ environmentId: scope.environmentId }, "org-own"],
    ] as const)
      expect(await failureOf(stage.roles.setDefaultRole({ ...where, slug }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "ROLE_NOT_FOUND",
        metadata: { slug },
      });
    expect((await configOf(scope)).defaultRoleSlug).toBe("member");
  });

  test("an organization that inherits has neither an order nor a default of its own to set", async () => {
    const environmentId = await stage.environment();
    const scope = { environmentId, organizationId };
    for (const call of [
      () => stage.roles.setPriority({ ...scope, slugs: ["admin", "member"] }),
      () => stage.roles.setPriority({ ...scope, slugs: [] }),
      () => stage.roles.setDefaultRole({ ...scope, slug: "admin" }),
      () => stage.roles.setDefaultRole({ ...scope, slug: "viewer" }),
    ])
      expect(await failureOf(call())).toMatchObject({
        code: "FAILED_PRECONDITION",
        reason: "ORGANIZATION_INHERITS_ENVIRONMENT",
        metadata: { organization_id: organizationId },
        preconditions: [{ type: "OWN_CONFIGURATION", subject: "organizations/acme" }],
      });
    expect(await configOf(scope)).toMatchObject({ inheritsEnvironment: true, priorityOrder: ["member", "admin"] });
  });
});
