import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { permissionSlugs, present, slugsOf, stageOn } from "../support/stage";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  test("a permission has everything it was created with", async () => {
    const environmentId = await stage.environment();
    const slug = "exports.v2:run_all-*";
    const { permission } = await stage.permissions.createPermission({
      environmentId,
      slug,
      name: "  Run 全部 🙂  ",
      description: "All\nof\tthem",
    });
    expect(permission).toEqual({
      id: expect.stringMatching(/^perm_[0-9A-HJKMNP-TV-Z]{26}$/),
      environmentId,
      slug,
      name: "Run 全部 🙂",
      description: "All\nof\tthem",
      createTime: expect.any(Date),
      updateTime: permission?.createTime,
      etag: expect.stringMatching(/^[!-~]{1,64}$/),
    });
    expect(await stage.permissions.getPermission({ environmentId, slug })).toEqual({ permission });
  });

  test("a slug is taken in its environment alone", async () => {
    const environmentId = await stage.environment();
    const create = () => stage.permissions.createPermission({ environmentId, slug: "exports:run", name: "Run" });
    const { permission } = await create();
    expect(await failureOf(create())).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: "PERMISSION_SLUG_TAKEN",
      metadata: { slug: "exports:run" },
    });
    const another = await stage.environment();
    await stage.permissions.createPermission({ environmentId: another, slug: "exports:run", name: "Other" });
    expect(await stage.permissions.getPermission({ environmentId, slug: "exports:run" })).toEqual({ permission });
  });

  test("permissions are listed in the order of their slugs' bytes", async () => {
    const environmentId = await stage.environment();
    const slugs = ["a_b", "a-b", "a.b", "a:b", "a*b", "a0b", "ab", "0"];
    for (const slug of slugs) await stage.permissions.createPermission({ environmentId, slug, name: slug });
    const { permissions, nextPageToken } = await stage.permissions.listPermissions({ environmentId });
    expect(slugsOf(permissions)).toEqual([...permissionSlugs, ...slugs].toSorted());
    expect(nextPageToken).toBe("");
    const organizationId = "acme";
    const { role } = await stage.roles.createRole({ environmentId, organizationId, name: "All", permissions: slugs });
    expect(role?.permissions).toEqual(slugs.toSorted());
    const read = await stage.roles.getRole({ environmentId, organizationId, slug: role?.slug ?? "" });
    expect(read).toEqual({ role });
  });

  test("an update writes what its mask names and nothing else", async () => {
    const environmentId = await stage.environment();
    const key = { environmentId, slug: "invoices:pay" };
    const { permission: before } = await stage.permissions.getPermission(key);
    const permission = { ...present(before), name: " Settle ", description: "At once" };
    const update = (...updateMask: string[]) => stage.permissions.updatePermission({ ...key, permission, updateMask });
    expect((await update("name")).permission).toEqual({
      ...before,
      name: "Settle",
      etag: expect.any(String),
      updateTime: expect.any(Date),
    });
    expect((await update("description")).permission).toMatchObject({ name: "Settle", description: "At once" });
    Object.assign(permission, { name: "Pay", description: "" });
    const both = await update("description", "name");
    expect(both.permission).toMatchObject({ name: "Pay", description: "" });
    expect(await stage.permissions.getPermission(key)).toEqual(both);
  });

  test("a deleted permission leaves all roles at once, and its slug is free for another one", async () => {
    const environmentId = await stage.changingEnvironment();
    const permissions = ["invoices:read", "reports:read"];
    const custom = { environmentId, organizationId: "acme", slug: "org-own" };
    await stage.roles.createRole({ ...custom, name: "Own", permissions });
    const scope = { environmentId, organizationId: "globex", slug: "org-auditor" };
    await stage.roles.addRolePermissions({ ...scope, permissions });
    const { role: before } = await stage.roles.getRole(custom);

    const key = { environmentId, slug: "invoices:read" };
    expect(await stage.permissions.deletePermission(key)).toEqual({ affectedRoleCount: 3 });
    const permissionsNow = async () => {
      const { roles } = await stage.roles.listOrgRoles(custom);
      const { role } = await stage.roles.getRole(scope);
      return [...roles, present(role)].map(({ permissions: granted }) => granted);
    };
    const without = [[], [], ["reports:read"], ["reports:read"]];
    expect(await permissionsNow()).toEqual(without);
    expect((await stage.roles.getRole(custom)).role?.etag).not.toBe(before?.etag);

    await stage.permissions.createPermission({ ...key, name: "Another" });
    expect(await permissionsNow()).toEqual(without);
    expect(await stage.permissions.deletePermission(key)).toEqual({ affectedRoleCount: 0 });
  });

  test("roles that are gone do not count for a deleted permission", async () => {
    const environmentId = await stage.changingEnvironment();
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "admin" });
    expect(await stage.permissions.deletePermission({ environmentId, slug: "invoices:read" })).toEqual({
      affectedRoleCount: 0,
    });
  });

  test("a permission that is not there is not found, though another environment has it", async () => {
    const environmentId = await stage.environment();
    const another = await stage.environment();
    const slug = "exports:run";
    const { permission } = await stage.permissions.createPermission({ environmentId: another, slug, name: "Run" });
    for (const call of [
      () => stage.permissions.getPermission({ environmentId, slug }),
      () => stage.permissions.updatePermission({ environmentId, slug, permission, updateMask: ["name"] }),
      () => stage.permissions.deletePermission({ environmentId, slug }),
    ])
      expect(await failureOf(call())).toMatchObject({
        code: "NOT_FOUND",
        reason: "PERMISSION_NOT_FOUND",
        metadata: { slug },
      });
    expect(await stage.permissions.getPermission({ environmentId: another, slug })).toEqual({ permission });
  });
});
