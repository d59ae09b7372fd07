import { engines } from "../support/engines";
import { emoji } from "../support/field-rules";
import { present, stageOn } from "../support/stage";

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
