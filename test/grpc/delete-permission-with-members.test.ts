import { deletionsOn } from "../support/deletions";
import { engines } from "../support/engines";

describe.each(engines)("on $name", (engine) => {
  const { stage, members, begin } = deletionsOn(engine);

  test("a deleted permission is nobody's in the same moment, and stays so when its slug is used again", async () => {
    const { environmentId, acme } = await begin();
    await stage.roles.createRole({ ...acme, slug: "org-own", name: "Own", permissions: ["invoices:read"] });
    await members.set(acme, "ann", "admin");
    await members.set(acme, "bob", "org-own");
    const key = { environmentId, slug: "invoices:read" };
    expect(await stage.permissions.deletePermission(key)).toEqual({ affectedRoleCount: 2 });
    const check = async (userId: string) => {
      const { permissions } = await stage.access.getAccess({ ...acme, userId });
      return [permissions, await stage.access.checkPermission({ ...acme, userId, permission: key.slug })];
    };
    const refused = { allowed: false, grantedBy: [], nearestRoles: [] };
    for (const userId of ["ann", "bob"])
      expect(await check(userId)).toEqual([[], { ...refused, reason: "PERMISSION_UNKNOWN" }]);
    await stage.permissions.createPermission({ ...key, name: "Again" });
    for (const userId of ["ann", "bob"])
      expect(await check(userId)).toEqual([[], { ...refused, reason: "PERMISSION_NOT_GRANTED" }]);
  });
});
