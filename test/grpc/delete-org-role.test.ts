import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { slugsOf, stageOn } from "../support/stage";

const organizationId = "acme";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  const withRoles = async (...names: string[]) => {
    const scope = { environmentId: await stage.environment(), organizationId };
    for (const name of names)
      await stage.roles.createRole({ ...scope, slug: `org-${name}`, name, permissions: ["invoices:pay"] });
    return scope;
  };

  test("a custom role goes, and the order closes", async () => {
    const scope = await withRoles("first", "second");
    await stage.roles.setPriority({ ...scope, slugs: ["org-second", "member", "org-first", "admin"] });
    const remove = { ...scope, slug: "org-first" };
    const preview = await stage.roles.deleteOrgRole({ ...remove, validateOnly: true });
    expect(preview).toEqual({ reassignedMembershipCount: 0, movedGroupRoleCount: 0, validateOnly: true });
    expect((await stage.roles.listOrgRoles(scope)).roles).toHaveLength(4);
    expect(await stage.roles.deleteOrgRole(remove)).toEqual({ ...preview, validateOnly: false });
    const { roles, config } = await stage.roles.listOrgRoles(scope);
    expect(slugsOf(roles)).toEqual(["org-second", "member", "admin"]);
    expect(config).toMatchObject({ defaultRoleSlug: "member", priorityOrder: slugsOf(roles) });
    expect(await failureOf(stage.roles.deleteOrgRole(remove))).toMatchObject({
      code: "NOT_FOUND",
      reason: "ROLE_NOT_FOUND",
      metadata: { slug: "org-first" },
    });
  });

  test("the slug is free again, for a role without the old one's permissions", async () => {
    const scope = await withRoles("own");
    const { role: old } = await stage.roles.getRole({ ...scope, slug: "org-own" });
    await stage.roles.deleteOrgRole({ ...scope, slug: "org-own" });
    const { role } = await stage.roles.createRole({ ...scope, slug: "org-own", name: "Again" });
    expect(role).toMatchObject({ name: "Again", permissions: [], priority: 3 });
    expect(role?.id).not.toBe(old?.id);
  });

  test.each([true, false])(
    "an organization's default goes with a replacement only (validate_only %s)",
    async (preview) => {
      const scope = await withRoles("own");
      await stage.roles.setDefaultRole({ ...scope, slug: "org-own" });
      const before = await stage.roles.listOrgRoles(scope);
      const remove = { ...scope, slug: "org-own", validateOnly: preview };
      expect(await failureOf(stage.roles.deleteOrgRole(remove))).toMatchObject({
        code: "FAILED_PRECONDITION",
        reason: "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
        metadata: { slug: "org-own", affected_organization_count: "1", is_environment_default: "false" },
        preconditions: [{ type: "DEFAULT_ROLE", subject: "organizations/acme" }],
      });
      expect(await stage.roles.listOrgRoles(scope)).toEqual(before);
    },
  );

  test.each(["org-other", "admin"])("%s becomes the default in the deleted role's place", async (slug) => {
    const scope = await withRoles("own", "other");
    await stage.roles.setDefaultRole({ ...scope, slug: "org-own" });
    await stage.roles.deleteOrgRole({ ...scope, slug: "org-own", replacementRoleSlug: slug });
    const { config } = await stage.roles.listOrgRoles(scope);
    expect(config).toMatchObject({
      defaultRoleSlug: slug,
      priorityOrder: ["member", "admin", "org-other"],
      inheritsEnvironment: false,
    });
  });

  test("a replacement leaves the default alone where the role is none", async () => {
    const scope = await withRoles("own", "other");
    await stage.roles.deleteOrgRole({ ...scope, slug: "org-own", replacementRoleSlug: "org-other" });
    expect((await stage.roles.listOrgRoles(scope)).config?.defaultRoleSlug).toBe("member");
  });

  test.each([
    ["itself", "org-own"],
    ["an unknown role", "viewer"],
    ["another organization's role", "org-auditor"],
  ])("the replacement cannot be %s, even where it is not needed", async (_, replacementRoleSlug) => {
    const scope = await withRoles("own");
    for (const validateOnly of [true, false])
      expect(
        await failureOf(stage.roles.deleteOrgRole({ ...scope, slug: "org-own", replacementRoleSlug, validateOnly })),
      ).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "REPLACEMENT_ROLE_INVALID",
        metadata: { replacement_slug: replacementRoleSlug },
        violations: [{ field: "replacement_role_slug", description: "must be another role of the scope" }],
      });
    expect((await stage.roles.listOrgRoles(scope)).roles).toHaveLength(3);
  });

  test("an environment role is not an organization's to delete", async () => {
    const scope = await withRoles("own");
    for (const where of [scope, { ...scope, organizationId: "never-seen" }])
      for (const slug of ["member", "admin"])
        expect(await failureOf(stage.roles.deleteOrgRole({ ...where, slug }))).toMatchObject({
          code: "FAILED_PRECONDITION",
          reason: "ROLE_BELONGS_TO_ENVIRONMENT",
          metadata: { slug },
          preconditions: [{ type: "CUSTOM_ROLE", subject: `roles/${slug}` }],
        });
    expect((await stage.roles.listEnvironmentRoles(scope)).roles).toHaveLength(2);
  });

  test("another organization's role is not found", async () => {
    const scope = await withRoles("own");
    expect(await failureOf(stage.roles.deleteOrgRole({ ...scope, slug: "org-auditor" }))).toMatchObject({
      code: "NOT_FOUND",
      reason: "ROLE_NOT_FOUND",
      metadata: { slug: "org-auditor" },
    });
  });

  test("a custom default survives deletions in the environment", async () => {
    const environmentId = await stage.changingEnvironment();
    const scope = { environmentId, organizationId };
    await stage.roles.createRole({ ...scope, slug: "org-own", name: "Own" });
    await stage.roles.setDefaultRole({ ...scope, slug: "org-own" });
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "member", replacementDefaultRoleSlug: "admin" });
    await stage.roles.deleteOrgRole({ ...scope, slug: "org-own", replacementRoleSlug: "admin" });
    expect((await stage.roles.listOrgRoles(scope)).config).toMatchObject({
      defaultRoleSlug: "admin",
      priorityOrder: ["admin"],
    });
  });
});
