import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { permissionSlugs, present, stageOn } from "../support/stage";

const organizationId = "acme";
const slug = "org-billing";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine, { ORGROLES_MAX_ROLE_PERMISSIONS: "3" });

  const roleWith = async (...permissions: string[]) => {
    const environmentId = await stage.environment();
    await stage.roles.createRole({ environmentId, organizationId, slug, name: "Billing", permissions });
    return { environmentId, organizationId, slug };
  };
  const permissionsOf = async (role: { environmentId: string; organizationId: string; slug: string }) =>
    (await stage.roles.getRole(role)).role?.permissions;

  test("adding and removing are idempotent, and answer the sorted set", async () => {
    const role = await roleWith("invoices:read");
    const add = { ...role, permissions: ["reports:read", "invoices:pay", "reports:read", "invoices:read"] };
    for (let time = 1; time <= 2; time += 1)
      expect((await stage.roles.addRolePermissions(add)).role?.permissions).toEqual(permissionSlugs);
    const remove = { ...role, permissions: ["invoices:read", "reports:read"] };
    for (let time = 1; time <= 2; time += 1)
      expect((await stage.roles.removeRolePermissions(remove)).role?.permissions).toEqual(["invoices:pay"]);
    expect(await permissionsOf(role)).toEqual(["invoices:pay"]);
  });

  test("an empty list adds and removes nothing", async () => {
    const role = await roleWith("invoices:read");
    const before = present((await stage.roles.getRole(role)).role);
    for (const rpc of ["addRolePermissions", "removeRolePermissions"] as const)
      expect((await stage.roles[rpc]({ ...role, permissions: [] })).role).toMatchObject({
        permissions: ["invoices:read"],
        etag: before.etag,
      });
  });

  test("an environment role's permissions change for all organizations at once", async () => {
    const environmentId = await stage.changingEnvironment();
    await stage.roles.addRolePermissions({ environmentId, slug: "admin", permissions: ["reports:read"] });
    await stage.roles.removeRolePermissions({ environmentId, slug: "admin", permissions: ["invoices:read"] });
    expect(await permissionsOf({ environmentId, organizationId: "globex", slug: "admin" })).toEqual(["reports:read"]);
  });

  const unknown = {
    code: "INVALID_ARGUMENT",
    reason: "PERMISSION_UNKNOWN",
    metadata: { permissions: "invoices:void,reports:write" },
  };
  const someUnknown = ["invoices:void", "invoices:pay", "reports:write"];

  test("a role with unknown permissions is not created, and leaves nothing behind", async () => {
    const environmentId = await stage.changingEnvironment();
    const create = (scope: object) =>
      failureOf(stage.roles.createRole({ environmentId, name: "Own", permissions: someUnknown, ...scope }));
    expect(await create({ organizationId })).toMatchObject({
      ...unknown,
      violations: [{ field: "permissions", description: "must contain only permissions of the environment" }],
    });
    expect(await create({ slug: "own" })).toMatchObject(unknown);
    expect((await stage.roles.listOrgRoles({ environmentId, organizationId })).config).toMatchObject({
      inheritsEnvironment: true,
      priorityOrder: ["member", "admin"],
    });
    await stage.environments.deleteOrganizationData({ environmentId, organizationId: "globex" });
    expect(await stage.environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
  });

  test.each(["addRolePermissions", "removeRolePermissions", "updateRole"] as const)(
    "%s refuses unknown permissions and changes nothing",
    async (rpc) => {
      const role = await roleWith("invoices:pay");
      const { role: before } = await stage.roles.getRole(role);
      const values = { ...present(before), name: "New", permissions: someUnknown };
      const change =
        rpc === "updateRole"
          ? stage.roles.updateRole({ ...role, role: values, updateMask: ["name", "permissions"] })
          : stage.roles[rpc]({ ...role, permissions: someUnknown });
      expect(await failureOf(change)).toMatchObject(unknown);
      expect((await stage.roles.getRole(role)).role).toEqual(before);
    },
  );

  test("another environment's permission is unknown", async () => {
    const role = await roleWith();
    const another = await stage.changingEnvironment();
    await stage.permissions.createPermission({ environmentId: another, slug: "exports:run", name: "Run" });
    expect(await failureOf(stage.roles.addRolePermissions({ ...role, permissions: ["exports:run"] }))).toMatchObject({
      reason: "PERMISSION_UNKNOWN",
      metadata: { permissions: "exports:run" },
    });
  });

  test("a long list of unknown permissions is cut after twenty", async () => {
    const role = await roleWith();
    const permissions = Array.from({ length: 21 }, (_, index) => `unknown-${index}`);
    const failure = await failureOf(stage.roles.removeRolePermissions({ ...role, permissions }));
    expect(failure.metadata).toEqual({ permissions: `${permissions.slice(0, 20).join(",")},…` });
    expect(failure.message).toBe(
      'Permissions "unknown-0", "unknown-1", "unknown-2", … do not exist in the environment',
    );
  });

  test("a role may have as many permissions as its limit, and not one more", async () => {
    const role = await roleWith("invoices:read");
    const { environmentId } = role;
    await stage.permissions.createPermission({ environmentId, slug: "reports:write", name: "Write" });
    const refused = {
      code: "RESOURCE_EXHAUSTED",
      reason: "PERMISSION_LIMIT_REACHED",
      metadata: { limit: "3" },
      quota: [{ subject: `roles/${slug}`, description: "at most 3 permissions" }],
    };
    const permissions = [...permissionSlugs, "reports:write"];
    const { role: before } = await stage.roles.getRole(role);
    const values = { ...present(before), permissions };

    await stage.roles.addRolePermissions({ ...role, permissions: permissionSlugs });
    const again = { ...role, permissions: ["invoices:read", "reports:write"] };
    expect(await failureOf(stage.roles.addRolePermissions(again))).toMatchObject(refused);
    expect(
      await failureOf(stage.roles.updateRole({ ...role, role: values, updateMask: ["permissions"] })),
    ).toMatchObject(refused);
    const create = { environmentId, organizationId, slug: "org-more", name: "More", permissions };
    expect(await failureOf(stage.roles.createRole(create))).toMatchObject({
      ...refused,
      quota: [{ subject: "roles/org-more", description: "at most 3 permissions" }],
    });
    expect(await permissionsOf(role)).toEqual(permissionSlugs);
  });
});
