import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { membersOn } from "../support/members";
import { present, stageOn } from "../support/stage";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const members = membersOn(stage);

  /**
   * Several roles are allowed; the environment's order is admin, editor, viewer, member. `acme` inherits it, `initech`
   * has the order org-own, viewer, editor, admin, member.
   */
  const several = async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = { environmentId, organizationId: "acme" };
    const initech = { environmentId, organizationId: "initech" };
    await members.environmentRoles(environmentId, "viewer", "editor");
    await stage.roles.setPriority({ environmentId, slugs: ["admin", "editor", "viewer", "member"] });
    await members.customRoles(initech, "org-own");
    await stage.roles.setPriority({ ...initech, slugs: ["org-own", "viewer", "editor", "admin", "member"] });
    await members.allowSeveral(environmentId, true);
    return { environmentId, acme, initech };
  };

  test("the end of multiple roles leaves each member the highest of its own, by its organization's order", async () => {
    const { environmentId, acme, initech } = await several();
    for (const scope of [acme, initech]) {
      await members.set(scope, "ann", "viewer", "editor", "member");
      await members.set(scope, "bob", "admin");
      await members.set(scope, "cyd", "member", "admin");
    }
    await members.set(initech, "dan", "member", "org-own");
    const { environment } = await members.allowSeveral(environmentId, false);
    expect(environment?.multipleRolesEnabled).toBe(false);
    expect(await members.rolesIn(acme)).toEqual({ ann: ["editor"], bob: ["admin"], cyd: ["admin"] });
    expect(await members.rolesIn(initech)).toEqual({
      ann: ["viewer"],
      bob: ["admin"],
      cyd: ["admin"],
      dan: ["org-own"],
    });
  });

  test("the order of that moment decides, and no later one", async () => {
    const { environmentId, acme, initech } = await several();
    for (const scope of [acme, initech]) await members.set(scope, "ann", "viewer", "editor", "member");
    await members.allowSeveral(environmentId, false);
    await stage.roles.setPriority({ environmentId, slugs: ["member", "viewer", "editor", "admin"] });
    await stage.roles.setPriority({ ...initech, slugs: ["member", "editor", "viewer", "org-own", "admin"] });
    await members.customRoles(acme, "org-late");
    await stage.roles.setPriority({ ...acme, slugs: ["org-late", "member", "viewer", "editor", "admin"] });
    expect(await members.rolesIn(acme)).toEqual({ ann: ["editor"] });
    expect(await members.rolesIn(initech)).toEqual({ ann: ["viewer"] });
  });

  test("the order before does not count either", async () => {
    const { environmentId, acme, initech } = await several();
    for (const scope of [acme, initech]) await members.set(scope, "ann", "viewer", "editor", "member");
    await stage.roles.setPriority({ environmentId, slugs: ["member", "viewer", "editor", "admin"] });
    await stage.roles.setPriority({ ...initech, slugs: ["editor", "member", "viewer", "org-own", "admin"] });
    await members.allowSeveral(environmentId, false);
    expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
    expect(await members.rolesIn(initech)).toEqual({ ann: ["editor"] });
  });

  test("roles that came after an own order are at its bottom", async () => {
    const { environmentId, initech } = await several();
    await members.environmentRoles(environmentId, "later", "latest");
    await members.set(initech, "ann", "latest", "later");
    await members.set(initech, "bob", "latest", "member");
    await members.allowSeveral(environmentId, false);
    expect(await members.rolesIn(initech)).toEqual({ ann: ["later"], bob: ["member"] });
  });

  test("switching on again brings nothing back, and members may have several anew", async () => {
    const { environmentId, acme, initech } = await several();
    for (const scope of [acme, initech]) await members.set(scope, "ann", "viewer", "editor");
    await members.allowSeveral(environmentId, false);
    await members.allowSeveral(environmentId, true);
    expect(await members.rolesIn(acme)).toEqual({ ann: ["editor"] });
    expect(await members.rolesIn(initech)).toEqual({ ann: ["viewer"] });
    await members.set(acme, "ann", "viewer", "member");
    await members.set(acme, "bob", "viewer", "admin");
    expect(await members.rolesIn(acme)).toEqual({ ann: ["viewer", "member"], bob: ["admin", "viewer"] });
    await stage.roles.setPriority({ environmentId, slugs: ["member", "viewer", "editor", "admin"] });
    await members.allowSeveral(environmentId, false);
    await members.allowSeveral(environmentId, true);
    expect(await members.rolesIn(acme)).toEqual({ ann: ["member"], bob: ["viewer"] });
    expect(await members.rolesIn(initech)).toEqual({ ann: ["viewer"] });
  });

  test("switching off what is off changes nobody, and neither does a new name", async () => {
    const { environmentId, acme } = await several();
    await members.set(acme, "ann", "viewer", "editor");
    const { environment } = await stage.environments.getEnvironment({ environmentId });
    const values = { ...present(environment), displayName: "New", multipleRolesEnabled: false };
    await stage.environments.updateEnvironment({ environmentId, environment: values, updateMask: ["display_name"] });
    expect(await members.rolesIn(acme)).toEqual({ ann: ["editor", "viewer"] });
    await members.allowSeveral(environmentId, true);
    expect(await members.rolesIn(acme)).toEqual({ ann: ["editor", "viewer"] });
    await members.allowSeveral(environmentId, false);
    await stage.roles.setPriority({ environmentId, slugs: ["viewer", "member", "editor", "admin"] });
    await members.allowSeveral(environmentId, false);
    expect(await members.rolesIn(acme)).toEqual({ ann: ["editor"] });
  });

  test("it is no change that a member made: only roles and etag are others", async () => {
    const { environmentId, acme } = await several();
    const before = await members.set(acme, "ann", "viewer", "editor");
    const alone = await members.set(acme, "bob", "viewer");
    await members.allowSeveral(environmentId, false);
    const { memberships } = await stage.memberships.listMemberships(acme);
    const etag = memberships[0]?.etag;
    expect(memberships).toEqual([{ ...before, roleSlugs: ["editor"], primaryRoleSlug: "editor", etag }, alone]);
    expect(etag).not.toBe(before.etag);
  });

  test("the permissions of the roles that went are gone", async () => {
    const { environmentId, acme } = await several();
    await stage.roles.addRolePermissions({ environmentId, slug: "viewer", permissions: ["reports:read"] });
    await members.set(acme, "ann", "admin", "viewer");
    const check = { ...acme, userId: "ann", permission: "reports:read" };
    expect(await stage.access.checkPermission(check)).toMatchObject({ allowed: true, grantedBy: ["viewer"] });
    await members.allowSeveral(environmentId, false);
    expect(await stage.access.checkPermission(check)).toMatchObject({ allowed: false, nearestRoles: ["viewer"] });
    expect(await stage.access.getAccess(check)).toEqual({
      role: "admin",
      roles: ["admin"],
      permissions: ["invoices:read"],
    });
  });

  test("a role deleted after the end takes its members to the default, not to what they had before", async () => {
    const { environmentId, acme, initech } = await several();
    for (const scope of [acme, initech]) await members.set(scope, "ann", "viewer", "editor");
    await members.allowSeveral(environmentId, false);
    const remove = { environmentId, slug: "editor" };
    expect(await stage.roles.deleteEnvironmentRole(remove)).toMatchObject({ reassignedMembershipCount: 1 });
    expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
    expect(await members.rolesIn(initech)).toEqual({ ann: ["viewer"] });
  });

  test("a role deleted before the end leaves its members the highest of the others", async () => {
    const { environmentId, acme, initech } = await several();
    await members.set(acme, "ann", "admin", "viewer", "editor");
    await members.set(acme, "bob", "viewer", "editor");
    await members.set(initech, "ann", "org-own", "viewer", "member");
    await members.set(initech, "bob", "viewer", "editor", "member");
    const remove = { environmentId, slug: "editor" };
    expect(await stage.roles.deleteEnvironmentRole(remove)).toMatchObject({ reassignedMembershipCount: 0 });
    const own = { ...initech, slug: "org-own", replacementRoleSlug: "member" };
    expect(await stage.roles.deleteOrgRole(own)).toMatchObject({ reassignedMembershipCount: 1 });
    await members.allowSeveral(environmentId, false);
    expect(await members.rolesIn(acme)).toEqual({ ann: ["admin"], bob: ["viewer"] });
    expect(await members.rolesIn(initech)).toEqual({ ann: ["viewer"], bob: ["viewer"] });
  });

  test("a custom role that won is in use, and one that lost is not", async () => {
    const { environmentId, initech } = await several();
    await members.customRoles(initech, "org-low");
    await members.set(initech, "ann", "org-own", "viewer", "org-low");
    await members.set(initech, "bob", "org-low", "member");
    await members.allowSeveral(environmentId, false);
    expect(await failureOf(stage.roles.deleteOrgRole({ ...initech, slug: "org-own" }))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "ROLE_IN_USE",
      metadata: { slug: "org-own", membership_count: "1", group_role_count: "0" },
    });
    expect(await stage.roles.deleteOrgRole({ ...initech, slug: "org-low" })).toMatchObject({
      reassignedMembershipCount: 0,
    });
    expect(await members.rolesIn(initech)).toEqual({ ann: ["org-own"], bob: ["member"] });
  });

  test("members of one environment keep theirs when another one ends multiple roles", async () => {
    const one = await several();
    const two = await several();
    for (const { acme } of [one, two]) await members.set(acme, "ann", "viewer", "editor");
    await members.allowSeveral(one.environmentId, false);
    expect(await members.rolesIn(one.acme)).toEqual({ ann: ["editor"] });
    expect(await members.rolesIn(two.acme)).toEqual({ ann: ["editor", "viewer"] });
    expect(await failureOf(members.set(one.acme, "ann", "viewer", "editor"))).toMatchObject({
      reason: "MULTIPLE_ROLES_DISABLED",
      metadata: { environment_id: one.environmentId },
    });
  });
});
