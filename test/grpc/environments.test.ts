import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, slugsOf, stageOn } from "../support/stage";

const notFound = (environmentId: string) => ({
  code: "NOT_FOUND",
  reason: "ENVIRONMENT_NOT_FOUND",
  metadata: { environment_id: environmentId },
});

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  test("a new environment has the default role member and nothing else", async () => {
    await stage.environment();
    const environmentId = "!New~Environment/1";
    const { environment } = await stage.environments.createEnvironment({ environmentId, displayName: " Prod 🚀 " });
    expect(environment).toEqual({
      id: environmentId,
      displayName: "Prod 🚀",
      multipleRolesEnabled: false,
      escalationGuardEnabled: false,
      createTime: expect.any(Date),
      updateTime: environment?.createTime,
      etag: expect.stringMatching(/^[!-~]{1,64}$/),
    });
    expect(await stage.environments.getEnvironment({ environmentId })).toEqual({ environment });
    const { roles, config } = await stage.roles.listEnvironmentRoles({ environmentId });
    expect(roles).toMatchObject([
      { slug: "member", name: "Member", description: "", permissions: [], isDefault: true, priority: 1 },
    ]);
    expect(config).toMatchObject({
      defaultRoleSlug: "member",
      priorityOrder: ["member"],
      inheritsEnvironment: false,
    });
    expect((await stage.permissions.listPermissions({ environmentId })).permissions).toEqual([]);
  });

  test("an environment without a display name shows its id", async () => {
    await stage.environment();
    const environmentId = "x".repeat(64);
    const { environment } = await stage.environments.createEnvironment({ environmentId });
    expect(environment?.displayName).toBe(environmentId);
  });

  test("an id that is taken is refused, of several at once one wins", async () => {
    const environmentId = await stage.environment();
    expect(
      await failureOf(stage.environments.createEnvironment({ environmentId, displayName: "Other" })),
    ).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: "ENVIRONMENT_EXISTS",
      metadata: { environment_id: environmentId },
    });
    expect((await stage.environments.getEnvironment({ environmentId })).environment?.displayName).toBe(environmentId);

    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => stage.environments.createEnvironment({ environmentId: "race" })),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", ...Array(4).fill("rejected")]);
    expect((await stage.roles.listEnvironmentRoles({ environmentId: "race" })).roles).toHaveLength(1);
  });

  test("ids that differ in case are different environments", async () => {
    await stage.environment();
    await stage.environments.createEnvironment({ environmentId: "CASE", displayName: "Upper" });
    await stage.environments.createEnvironment({ environmentId: "case", displayName: "Lower" });
    await stage.environments.deleteEnvironment({ environmentId: "CASE" });
    expect((await stage.environments.getEnvironment({ environmentId: "case" })).environment?.displayName).toBe("Lower");
    expect(await failureOf(stage.environments.getEnvironment({ environmentId: "CASE" }))).toMatchObject(
      notFound("CASE"),
    );
  });

  test("environments are listed in the order of their ids' bytes", async () => {
    await stage.environment();
    const ids = ["list-a", "list-B", "list_a", "list-0", "list~", "list!"];
    for (const environmentId of ids) await stage.environments.createEnvironment({ environmentId });
    const { environments } = await stage.environments.listEnvironments({});
    const listed = environments.map(({ id }) => id);
    expect(listed).toEqual(listed.toSorted());
    expect(listed).toEqual(expect.arrayContaining([...ids, "alpha", "beta"]));
  });

  test("an update writes what its mask names and nothing else", async () => {
    const environmentId = await stage.environment();
    const { environment: before } = await stage.environments.getEnvironment({ environmentId });
    const environment = { ...present(before), displayName: " Staging ", multipleRolesEnabled: true };
    const update = (...updateMask: string[]) =>
      stage.environments.updateEnvironment({ environmentId, environment, updateMask });
    const renamed = await update("display_name");
    expect(renamed.environment).toEqual({
      ...before,
      displayName: "Staging",
      etag: expect.any(String),
      updateTime: expect.any(Date),
    });
    expect((await update("multiple_roles_enabled")).environment).toMatchObject({
      displayName: "Staging",
      multipleRolesEnabled: true,
    });
    Object.assign(environment, { displayName: "Both", multipleRolesEnabled: false });
    const both = await update("multiple_roles_enabled", "display_name");
    expect(both.environment).toMatchObject({ displayName: "Both", multipleRolesEnabled: false });
    expect(await stage.environments.getEnvironment({ environmentId })).toEqual(both);
  });

  test("an environment with organizations is deleted by force only, with everything in it", async () => {
    const environmentId = await stage.changingEnvironment();
    await stage.roles.createRole({ environmentId, organizationId: "acme", name: "Own" });
    expect(await failureOf(stage.environments.deleteEnvironment({ environmentId }))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "ENVIRONMENT_NOT_EMPTY",
      metadata: { environment_id: environmentId, organization_count: "2" },
      preconditions: [{ type: "NO_ORGANIZATION_DATA", subject: `environments/${environmentId}` }],
    });
    expect((await stage.roles.listOrgRoles({ environmentId, organizationId: "globex" })).roles).toHaveLength(3);
    expect(await stage.environments.deleteEnvironment({ environmentId, force: true })).toEqual({
      deletedOrganizationCount: 2,
    });
    expect(await failureOf(stage.environments.getEnvironment({ environmentId }))).toMatchObject(
      notFound(environmentId),
    );

    await stage.environments.createEnvironment({ environmentId });
    expect((await stage.roles.listEnvironmentRoles({ environmentId })).roles).toHaveLength(1);
    expect((await stage.permissions.listPermissions({ environmentId })).permissions).toEqual([]);
    const { config } = await stage.roles.listOrgRoles({ environmentId, organizationId: "globex" });
    expect(config).toMatchObject({ inheritsEnvironment: true, priorityOrder: ["member"] });
    expect(await stage.environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
  });

  test("an own configuration without custom roles keeps its environment from deletion", async () => {
    const environmentId = await stage.changingEnvironment();
    const scope = { environmentId, organizationId: "globex" };
    await stage.memberships.deleteMembership({ ...scope, userId: "gil" });
    await stage.memberships.deleteGroupRole({ ...scope, groupId: "staff" });
    await stage.roles.deleteOrgRole({ ...scope, slug: "org-auditor" });
    expect(await failureOf(stage.environments.deleteEnvironment({ environmentId }))).toMatchObject({
      reason: "ENVIRONMENT_NOT_EMPTY",
    });
    await stage.roles.resetOrgRoleConfig(scope);
    expect(await stage.environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
  });

  test("an organization's data goes, and it inherits as if it had never been seen", async () => {
    const environmentId = await stage.environment();
    const scope = { environmentId, organizationId: "acme" };
    for (const slug of ["org-auditor", "org-second"])
      await stage.roles.createRole({ ...scope, slug, name: "Own", permissions: ["invoices:pay"] });
    await stage.roles.setDefaultRole({ ...scope, slug: "org-second" });
    const answer = { deletedRoleCount: 2, deletedMembershipCount: 0 };
    expect(await stage.environments.deleteOrganizationData(scope)).toEqual(answer);
    const { roles, config } = await stage.roles.listOrgRoles(scope);
    expect(slugsOf(roles)).toEqual(["member", "admin"]);
    expect(config).toMatchObject({ inheritsEnvironment: true, defaultRoleSlug: "member" });
    const again = { deletedRoleCount: 0, deletedMembershipCount: 0 };
    expect(await stage.environments.deleteOrganizationData(scope)).toEqual(again);
    const { role } = await stage.roles.createRole({ ...scope, slug: "org-second", name: "Again" });
    expect(role).toMatchObject({ permissions: [], isDefault: false, priority: 3 });
  });

  test("every RPC that names an environment says when there is none", async () => {
    const environmentId = "nowhere";
    const organizationId = "acme";
    const slug = "member";
    const role = { name: "Name", description: "", permissions: [] };
    const { roles, permissions, environments, memberships, access } = stage;
    const member = { environmentId, organizationId, userId: "ann", roleSlugs: [slug], permission: "a" };
    const group = { environmentId, organizationId, groupId: "staff", roleSlug: slug };
    const { role: values } = await roles.getRole({ environmentId: "alpha", slug });
    const key = { environmentId: await stage.environment(), slug: "invoices:pay" };
    const { permission } = await permissions.getPermission(key);
    const calls: Promise<unknown>[] = [
      environments.getEnvironment({ environmentId }),
      environments.updateEnvironment({
        environmentId,
        environment: present((await environments.getEnvironment({ environmentId: "alpha" })).environment),
        updateMask: ["display_name"],
      }),
      environments.deleteEnvironment({ environmentId, force: true }),
      environments.deleteOrganizationData({ environmentId, organizationId }),
      permissions.createPermission({ environmentId, slug, name: "Name" }),
      permissions.getPermission({ environmentId, slug }),
      permissions.listPermissions({ environmentId }),
      permissions.updatePermission({ environmentId, slug, permission, updateMask: ["name"] }),
      permissions.deletePermission({ environmentId, slug }),
      roles.createRole({ environmentId, slug, ...role }),
      roles.createRole({ environmentId, organizationId, ...role }),
      roles.getRole({ environmentId, slug }),
      roles.getRole({ environmentId, organizationId, slug }),
      roles.listEnvironmentRoles({ environmentId }),
      roles.listOrgRoles({ environmentId, organizationId }),
      roles.updateRole({ environmentId, slug, role: values, updateMask: ["name"] }),
      roles.addRolePermissions({ environmentId, slug, permissions: ["a"] }),
      roles.removeRolePermissions({ environmentId, organizationId, slug, permissions: ["a"] }),
      roles.setPriority({ environmentId, slugs: [slug] }),
      roles.setPriority({ environmentId, organizationId, slugs: [slug] }),
      roles.setDefaultRole({ environmentId, slug }),
      roles.deleteEnvironmentRole({ environmentId, slug }),
      roles.deleteEnvironmentRole({ environmentId, slug, validateOnly: true }),
      roles.deleteOrgRole({ environmentId, organizationId, slug }),
      roles.resetOrgRoleConfig({ environmentId, organizationId }),
      roles.suggestSlug({ environmentId, organizationId, name: "Name" }),
      memberships.setMemberRoles(member),
      memberships.batchSetMemberRoles({ environmentId, memberships: [member] }),
      memberships.getMembership(member),
      memberships.deleteMembership(member),
      memberships.listMemberships({ environmentId, organizationId }),
      memberships.setGroupRole(group),
      memberships.deleteGroupRole(group),
      memberships.listGroupRoles({ environmentId, organizationId }),
      memberships.syncMemberGroups(member),
      access.getAccess(member),
      access.checkPermission(member),
      access.batchCheckPermissions({ environmentId, checks: [member] }),
    ];
    const failures = await Promise.all(calls.map(failureOf));
    for (const failure of failures) expect(failure).toMatchObject(notFound(environmentId));
  });
});
