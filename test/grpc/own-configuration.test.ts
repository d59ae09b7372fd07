import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, slugsOf, stageOn } from "../support/stage";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  const acmeIn = (environmentId: string) => {
    const scope = { environmentId, organizationId: "acme" };
    return {
      scope,
      list: async () => {
        const { roles, config } = await stage.roles.listOrgRoles(scope);
        expect(slugsOf(roles)).toEqual(config?.priorityOrder);
        expect(roles.map(({ priority }) => priority)).toEqual(roles.map((_, index) => index + 1));
        expect(slugsOf(roles.filter(({ isDefault }) => isDefault))).toEqual([config?.defaultRoleSlug]);
        return present(config);
      },
      createRole: (name: string) => stage.roles.createRole({ ...scope, slug: `org-${name}`, name }),
      deleteRole: (name: string) => stage.roles.deleteOrgRole({ ...scope, slug: `org-${name}` }),
    };
  };
  const createEnvironmentRole = (environmentId: string, slug: string) =>
    stage.roles.createRole({ environmentId, slug, name: slug });

  test("until its first custom role an organization follows the environment", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = acmeIn(environmentId);
    expect(await acme.list()).toMatchObject({
      defaultRoleSlug: "member",
      priorityOrder: ["member", "admin"],
      inheritsEnvironment: true,
    });
    await createEnvironmentRole(environmentId, "viewer");
    await stage.roles.setPriority({ environmentId, slugs: ["admin", "viewer", "member"] });
    await stage.roles.setDefaultRole({ environmentId, slug: "viewer" });
    expect(await acme.list()).toMatchObject({
      defaultRoleSlug: "viewer",
      priorityOrder: ["admin", "viewer", "member"],
      inheritsEnvironment: true,
    });
  });

  test("the first custom role takes the environment's configuration of that moment, and ends following it", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = acmeIn(environmentId);
    await stage.roles.setPriority({ environmentId, slugs: ["admin", "member"] });
    await stage.roles.setDefaultRole({ environmentId, slug: "admin" });
    await acme.createRole("first");
    const own = await acme.list();
    expect(own).toMatchObject({
      defaultRoleSlug: "admin",
      priorityOrder: ["admin", "member", "org-first"],
      inheritsEnvironment: false,
    });
    await stage.roles.setPriority({ environmentId, slugs: ["member", "admin"] });
    await stage.roles.setDefaultRole({ environmentId, slug: "member" });
    expect(await acme.list()).toEqual(own);
    expect((await stage.roles.listOrgRoles({ environmentId, organizationId: "globex" })).config).toMatchObject({
      defaultRoleSlug: "member",
      priorityOrder: ["member", "admin", "org-auditor"],
    });
  });

  test("what is created later goes to the bottom, environment roles and custom roles in turn", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = acmeIn(environmentId);
    await acme.createRole("first");
    await createEnvironmentRole(environmentId, "later");
    await acme.createRole("second");
    await createEnvironmentRole(environmentId, "latest");
    await createEnvironmentRole(environmentId, "last");
    await acme.createRole("third");
    const inOrder = ["member", "admin", "org-first", "later", "org-second", "latest", "last", "org-third"];
    expect((await acme.list()).priorityOrder).toEqual(inOrder);
    expect((await stage.roles.listOrgRoles({ environmentId, organizationId: "globex" })).config?.priorityOrder).toEqual(
      ["member", "admin", "org-auditor", "later", "latest", "last"],
    );
  });

  test("later environment roles stay below everything that was reordered before", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = acmeIn(environmentId);
    await acme.createRole("first");
    await createEnvironmentRole(environmentId, "later");
    await stage.roles.setPriority({ ...acme.scope, slugs: ["later", "org-first", "admin", "member"] });
    await createEnvironmentRole(environmentId, "latest");
    expect((await acme.list()).priorityOrder).toEqual(["later", "org-first", "admin", "member", "latest"]);
    await stage.roles.setDefaultRole({ ...acme.scope, slug: "latest" });
    await createEnvironmentRole(environmentId, "last");
    expect(await acme.list()).toMatchObject({
      defaultRoleSlug: "latest",
      priorityOrder: ["later", "org-first", "admin", "member", "latest", "last"],
    });
  });

  test("the environment's order and default do not reach an own configuration through a later role", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = acmeIn(environmentId);
    await acme.createRole("first");
    await createEnvironmentRole(environmentId, "later");
    await stage.roles.setPriority({ environmentId, slugs: ["later", "admin", "member"] });
    await stage.roles.setDefaultRole({ environmentId, slug: "later" });
    expect(await acme.list()).toMatchObject({
      defaultRoleSlug: "member",
      priorityOrder: ["member", "admin", "org-first", "later"],
    });
  });

  test("any number of first custom roles at once give one configuration with each role once", async () => {
    const environmentId = await stage.environment();
    const acme = acmeIn(environmentId);
    const names = Array.from({ length: 12 }, (_, index) => `role-${index}`);
    await Promise.all(names.map((name) => acme.createRole(name)));
    const { priorityOrder } = await acme.list();
    expect(priorityOrder.slice(0, 2)).toEqual(["member", "admin"]);
    expect(priorityOrder.slice(2).toSorted()).toEqual(names.map((name) => `org-${name}`).toSorted());
  });

  test("the own configuration stays without custom roles until it is reset", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = acmeIn(environmentId);
    await acme.createRole("first");
    await stage.roles.setPriority({ ...acme.scope, slugs: ["admin", "org-first", "member"] });
    await stage.roles.setDefaultRole({ ...acme.scope, slug: "admin" });
    await acme.deleteRole("first");
    await createEnvironmentRole(environmentId, "later");
    expect(await acme.list()).toMatchObject({
      defaultRoleSlug: "admin",
      priorityOrder: ["admin", "member", "later"],
      inheritsEnvironment: false,
    });

    const { config } = await stage.roles.resetOrgRoleConfig(acme.scope);
    expect(config).toMatchObject({
      defaultRoleSlug: "member",
      priorityOrder: ["member", "admin", "later"],
      inheritsEnvironment: true,
    });
    expect(await acme.list()).toEqual(config);
    expect((await stage.roles.resetOrgRoleConfig(acme.scope)).config).toEqual(config);
    await stage.roles.setDefaultRole({ environmentId, slug: "later" });
    expect((await acme.list()).defaultRoleSlug).toBe("later");
  });

  test("after a reset the next custom role takes the environment's configuration anew", async () => {
    const environmentId = await stage.changingEnvironment();
    const acme = acmeIn(environmentId);
    await acme.createRole("first");
    await stage.roles.setDefaultRole({ ...acme.scope, slug: "admin" });
    await acme.deleteRole("first");
    await stage.roles.resetOrgRoleConfig(acme.scope);
    await stage.roles.setPriority({ environmentId, slugs: ["admin", "member"] });
    await acme.createRole("second");
    expect(await acme.list()).toMatchObject({
      defaultRoleSlug: "member",
      priorityOrder: ["admin", "member", "org-second"],
      inheritsEnvironment: false,
    });
  });

  test("an organization with custom roles is not reset", async () => {
    const environmentId = await stage.environment();
    const acme = acmeIn(environmentId);
    await acme.createRole("first");
    await acme.createRole("second");
    const before = await acme.list();
    expect(await failureOf(stage.roles.resetOrgRoleConfig(acme.scope))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "ORGANIZATION_HAS_CUSTOM_ROLES",
      metadata: { organization_id: "acme", custom_role_count: "2" },
      preconditions: [{ type: "NO_CUSTOM_ROLES", subject: "organizations/acme" }],
    });
    expect(await acme.list()).toEqual(before);
  });

  test("reading and resetting leave no trace of an organization", async () => {
    const environmentId = await stage.changingEnvironment();
    const scope = { environmentId, organizationId: "never-seen" };
    await stage.roles.listOrgRoles(scope);
    await stage.roles.suggestSlug({ ...scope, name: "Name" });
    await stage.roles.resetOrgRoleConfig(scope);
    await failureOf(stage.roles.setDefaultRole({ ...scope, slug: "admin" }));
    expect(await failureOf(stage.environments.deleteEnvironment({ environmentId }))).toMatchObject({
      reason: "ENVIRONMENT_NOT_EMPTY",
      metadata: { organization_count: "1" },
    });
  });
});
