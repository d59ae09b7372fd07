import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { organizationIn, present, slugsOf, stageOn } from "../support/stage";

/** Ids that a careless key would merge: `a` and `b/c` with `a/b` and `c`, and patterns of SQL. */
const pairs = [
  ["a", "b/c"],
  ["a/b", "c"],
  ["a", "b"],
  ["A", "b"],
  ["a", "B"],
  ["a%", "b_"],
  ["a", "%"],
  ["a:b", ":"],
  ["a|b", "|"],
] as const;

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  test("what one organization does is seen by no other, whatever their ids look like", async () => {
    await stage.environment();
    for (const environmentId of new Set(pairs.map(([environment]) => environment)))
      await stage.environments.createEnvironment({ environmentId });
    const read = () =>
      Promise.all(
        pairs.map(([environmentId, organizationId]) => organizationIn(stage, { environmentId, organizationId })),
      );
    let before = await read();
    for (const [index, [environmentId, organizationId]] of pairs.entries()) {
      const scope = { environmentId, organizationId };
      await stage.roles.createRole({ ...scope, slug: "org-own", name: `Role ${index}` });
      await stage.roles.setDefaultRole({ ...scope, slug: "org-own" });
      await stage.roles.setPriority({ ...scope, slugs: ["org-own", "member"] });
      await stage.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: ["member"] });
      await stage.memberships.setGroupRole({ ...scope, groupId: "staff", roleSlug: "org-own" });
      await stage.memberships.syncMemberGroups({ ...scope, userId: "ann", groupIds: ["staff"] });
      const after = await read();
      const key = { environmentId, organizationId };
      expect(after[index]).toMatchObject([
        { memberships: [{ ...key, userId: "ann", roleSlugs: ["org-own"] }] },
        { roles: [{ ...key, name: `Role ${index}` }, { slug: "member" }] },
        { groupRoles: [{ ...key, groupId: "staff", roleSlug: "org-own" }] },
        { roles: ["org-own"] },
      ]);
      expect(after.with(index, present(before[index]))).toEqual(before);
      before = after;
    }
    for (const [index, [environmentId, organizationId]] of pairs.entries()) {
      const answer = await stage.environments.deleteOrganizationData({ environmentId, organizationId });
      expect(answer).toEqual({ deletedRoleCount: 1, deletedMembershipCount: 1 });
      const after = await read();
      expect(after.with(index, present(before[index]))).toEqual(before);
      before = after;
    }
  });

  test("roles and permissions of the same slugs in two environments have nothing in common", async () => {
    const one = await stage.changingEnvironment();
    const two = await stage.changingEnvironment();
    const { role: before } = await stage.roles.getRole({ environmentId: two, slug: "admin" });
    const values = { ...present(before), name: "New", permissions: ["reports:read"] };
    const key = { environmentId: one, slug: "admin" };
    await stage.roles.updateRole({ ...key, role: values, updateMask: ["name", "permissions"] });
    await stage.permissions.deletePermission({ environmentId: one, slug: "invoices:read" });
    await stage.roles.setDefaultRole(key);
    await stage.roles.deleteEnvironmentRole({
      environmentId: one,
      slug: "member",
      replacementDefaultRoleSlug: "admin",
    });
    expect((await stage.roles.getRole({ environmentId: two, slug: "admin" })).role).toEqual(before);
    const { role: other } = await stage.roles.getRole(key);
    expect(other?.id).not.toBe(before?.id);
    expect(slugsOf((await stage.roles.listEnvironmentRoles({ environmentId: two })).roles)).toEqual([
      "member",
      "admin",
    ]);
    await stage.environments.deleteEnvironment({ environmentId: one, force: true });
    expect((await stage.roles.listOrgRoles({ environmentId: two, organizationId: "globex" })).roles).toHaveLength(3);
  });

  test("the same user and the same group have roles in each organization and environment by themselves", async () => {
    const environmentIds = [await stage.changingEnvironment(), await stage.changingEnvironment()];
    const scopes = environmentIds.flatMap((environmentId) =>
      ["acme", "globex"].map((organizationId) => ({ environmentId, organizationId })),
    );
    for (const scope of scopes) {
      await stage.memberships.setMemberRoles({ ...scope, userId: "ann" });
      await stage.memberships.setGroupRole({ ...scope, groupId: "staff", roleSlug: "member" });
    }
    const read = () => Promise.all(scopes.map((scope) => organizationIn(stage, scope)));
    const changes = [
      (scope: (typeof scopes)[number]) =>
        stage.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: ["admin"] }),
      (scope: (typeof scopes)[number]) =>
        stage.memberships.setGroupRole({ ...scope, groupId: "staff", roleSlug: "admin" }),
      (scope: (typeof scopes)[number]) => stage.memberships.deleteMembership({ ...scope, userId: "ann" }),
      (scope: (typeof scopes)[number]) =>
        stage.memberships.syncMemberGroups({ ...scope, userId: "ann", groupIds: ["staff"] }),
      (scope: (typeof scopes)[number]) => stage.memberships.deleteGroupRole({ ...scope, groupId: "staff" }),
    ];
    let before = await read();
    for (const [index, scope] of scopes.entries())
      for (const change of changes) {
        await change(scope);
        const after = await read();
        expect(after[index]).not.toEqual(before[index]);
        expect(after.with(index, present(before[index]))).toEqual(before);
        before = after;
      }
    const key = { userId: "ann", roleSlugs: ["org-auditor"] };
    expect(await failureOf(stage.memberships.setMemberRoles({ ...present(scopes[0]), ...key }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "ROLE_NOT_ASSIGNABLE",
      metadata: { roles: "org-auditor" },
      violations: [{ field: "role_slugs[0]", description: "must be an effective role of the organization" }],
    });
  });

  test("an organization changes neither another's roles nor the environment's, and neither reaches into it", async () => {
    const environmentId = await stage.environment();
    const acme = { environmentId, organizationId: "acme" };
    await stage.roles.createRole({ ...acme, slug: "org-own", name: "Own" });
    const { role } = await stage.roles.getRole({ ...acme, slug: "org-own" });
    const foreign = [{ environmentId, organizationId: "globex" }, { environmentId }];
    const changes = (scope: { environmentId: string; organizationId?: string }, slug: string) => [
      stage.roles.getRole({ ...scope, slug }),
      stage.roles.updateRole({ ...scope, slug, role, updateMask: ["name"] }),
      stage.roles.addRolePermissions({ ...scope, slug, permissions: ["invoices:pay"] }),
      stage.roles.removeRolePermissions({ ...scope, slug, permissions: ["invoices:pay"] }),
      stage.roles.setDefaultRole({ ...scope, slug }),
      scope.organizationId
        ? stage.roles.deleteOrgRole({ ...scope, organizationId: scope.organizationId, slug })
        : stage.roles.deleteEnvironmentRole({ ...scope, slug }),
    ];
    for (const [scopes, slug] of [
      [foreign, "org-own"],
      [[acme, { environmentId }], "org-auditor"],
    ] as const)
      for (const scope of scopes)
        for (const failure of await Promise.all(changes(scope, slug).map(failureOf)))
          expect(failure).toMatchObject({ code: "NOT_FOUND", reason: "ROLE_NOT_FOUND", metadata: { slug } });
    expect((await stage.roles.getRole({ ...acme, slug: "org-own" })).role).toEqual(role);
  });
});
