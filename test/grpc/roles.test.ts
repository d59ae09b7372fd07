import { RoleType } from "../../gen/orgroles/v1/role";
import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, stageOn } from "../support/stage";

const organizationId = "acme";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  test("an environment role has everything it was created with, at the bottom of the order", async () => {
    const environmentId = await stage.changingEnvironment();
    const before = Date.now();
    const { role } = await stage.roles.createRole({
      environmentId,
      slug: "billing_admin-2",
      name: "  Billing 管理者 👩🏽‍💼  ",
      description: " Pays\n\tand is 🙂. ",
      permissions: ["reports:read", "invoices:pay", "reports:read"],
    });
    expect(role).toEqual({
      id: expect.stringMatching(/^role_[0-9A-HJKMNP-TV-Z]{26}$/),
      environmentId,
      organizationId: "",
      type: RoleType.ROLE_TYPE_ENVIRONMENT,
      slug: "billing_admin-2",
      name: "Billing 管理者 👩🏽‍💼",
      description: " Pays\n\tand is 🙂. ",
      permissions: ["invoices:pay", "reports:read"],
      isDefault: false,
      priority: 3,
      etag: expect.stringMatching(/^[!-~]{1,64}$/),
      createTime: expect.any(Date),
      updateTime: role?.createTime,
    });
    expect(role?.createTime?.getTime()).toBeGreaterThanOrEqual(before);
    expect(await stage.roles.getRole({ environmentId, slug: "billing_admin-2" })).toEqual({ role });
    const { roles } = await stage.roles.listOrgRoles({ environmentId, organizationId: "globex" });
    expect(roles.at(-1)).toEqual({ ...role, priority: 4 });
  });

  test("a custom role has everything it was created with, in its organization alone", async () => {
    const environmentId = await stage.environment();
    const { role } = await stage.roles.createRole({
      environmentId,
      organizationId,
      slug: "org-billing",
      name: "Billing",
      permissions: ["invoices:pay"],
    });
    expect(role).toEqual({
      ...present(role),
      environmentId,
      organizationId,
      type: RoleType.ROLE_TYPE_ORGANIZATION,
      slug: "org-billing",
      name: "Billing",
      description: "",
      permissions: ["invoices:pay"],
      isDefault: false,
      priority: 3,
    });
    expect(await stage.roles.getRole({ environmentId, organizationId, slug: "org-billing" })).toEqual({ role });
    for (const scope of [{ environmentId }, { environmentId, organizationId: "globex" }])
      expect(await failureOf(stage.roles.getRole({ ...scope, slug: "org-billing" }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "ROLE_NOT_FOUND",
        metadata: { slug: "org-billing" },
      });
  });

  test("a role is read in the context of the organization that is named", async () => {
    const environmentId = await stage.environment();
    const { role: custom } = await stage.roles.createRole({ environmentId, organizationId, name: "Own" });
    const slug = custom?.slug ?? "";
    await stage.roles.setDefaultRole({ environmentId, organizationId, slug: "admin" });
    await stage.roles.setPriority({ environmentId, organizationId, slugs: [slug, "admin", "member"] });
    const inContext = async (scope: object) => {
      const { role } = await stage.roles.getRole({ environmentId, slug: "member", ...scope });
      return [role?.isDefault, role?.priority, role?.organizationId];
    };
    expect(await inContext({})).toEqual([true, 1, ""]);
    expect(await inContext({ organizationId })).toEqual([false, 3, ""]);
    expect(await inContext({ organizationId: "globex" })).toEqual([true, 1, ""]);
    expect(await inContext({ organizationId: "never-seen" })).toEqual([true, 1, ""]);
  });

  test("two organizations and two environments may have the same explicit slug, one organization may not", async () => {
    const environmentId = await stage.environment();
    const create = (scope: object) => stage.roles.createRole({ slug: "org-auditor", name: "Auditor", ...scope });
    await create({ environmentId, organizationId });
    expect(await failureOf(create({ environmentId, organizationId }))).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: "ROLE_SLUG_TAKEN",
      metadata: { slug: "org-auditor" },
    });
    expect((await stage.roles.listOrgRoles({ environmentId, organizationId })).roles).toHaveLength(3);
  });

  test("an environment role's slug is taken for the environment, and for it alone", async () => {
    const environmentId = await stage.environment();
    expect(await failureOf(stage.roles.createRole({ environmentId, slug: "admin", name: "Admin" }))).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: "ROLE_SLUG_TAKEN",
      metadata: { slug: "admin" },
    });
    const another = await stage.changingEnvironment();
    await stage.roles.createRole({ environmentId: another, slug: "viewer", name: "Viewer" });
    expect((await stage.roles.listEnvironmentRoles({ environmentId })).roles).toHaveLength(2);
  });

  test("an update writes what its mask names and nothing else", async () => {
    const environmentId = await stage.environment();
    const scope = { environmentId, organizationId, slug: "org-billing" };
    const created = await stage.roles.createRole({ ...scope, name: "Billing", permissions: ["invoices:pay"] });
    const values = { ...present(created.role), name: " Payments ", description: "New", permissions: ["reports:read"] };

    const named = await stage.roles.updateRole({ ...scope, role: values, updateMask: ["name"] });
    expect(named.role).toEqual({
      ...created.role,
      name: "Payments",
      etag: expect.any(String),
      updateTime: expect.any(Date),
    });
    const all = ["permissions", "description", "name"];
    const { role } = await stage.roles.updateRole({ ...scope, role: values, updateMask: all });
    expect(role).toMatchObject({ name: "Payments", description: "New", permissions: ["reports:read"] });
    expect(role?.createTime).toEqual(created.role?.createTime);
    expect(await stage.roles.getRole(scope)).toEqual({ role });

    const empty = { ...values, description: "", permissions: [] };
    const cleared = await stage.roles.updateRole({ ...scope, role: empty, updateMask: ["permissions", "description"] });
    expect(cleared.role).toMatchObject({ name: "Payments", description: "", permissions: [] });
  });

  test("an environment role's new name and permissions reach every organization", async () => {
    const environmentId = await stage.changingEnvironment();
    const values = { ...present((await stage.roles.getRole({ environmentId, slug: "admin" })).role) };
    Object.assign(values, { name: "Owner", permissions: ["reports:read"] });
    await stage.roles.updateRole({ environmentId, slug: "admin", role: values, updateMask: ["name", "permissions"] });
    for (const organization of ["globex", "never-seen"])
      expect(
        (await stage.roles.getRole({ environmentId, organizationId: organization, slug: "admin" })).role,
      ).toMatchObject({ name: "Owner", permissions: ["reports:read"] });
  });

  test.each(["updateRole", "addRolePermissions", "removeRolePermissions"] as const)(
    "%s refuses an environment role in an organization, and roles that are not there",
    async (rpc) => {
      const environmentId = await stage.environment();
      const permissions = ["invoices:pay"];
      const { role } = await stage.roles.getRole({ environmentId, slug: "admin" });
      const change = (scope: object) =>
        rpc === "updateRole"
          ? stage.roles.updateRole({ environmentId, role, updateMask: ["name"], ...scope })
          : stage.roles[rpc]({ environmentId, permissions, ...scope });
      for (const organization of [organizationId, "globex"])
        expect(await failureOf(change({ organizationId: organization, slug: "admin" }))).toMatchObject({
          code: "FAILED_PRECONDITION",
          reason: "ROLE_BELONGS_TO_ENVIRONMENT",
          metadata: { slug: "admin" },
          preconditions: [{ type: "CUSTOM_ROLE", subject: "roles/admin" }],
        });
      for (const scope of [{}, { organizationId }])
        expect(await failureOf(change({ ...scope, slug: "org-auditor" }))).toMatchObject({
          code: "NOT_FOUND",
          reason: "ROLE_NOT_FOUND",
          metadata: { slug: "org-auditor" },
        });
      expect((await stage.roles.getRole({ environmentId, slug: "admin" })).role).toEqual(role);
    },
  );
});
