import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, slugsOf, stageOn } from "../support/stage";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  const createRoles = async (environmentId: string, ...slugs: string[]) => {
    for (const slug of slugs) await stage.roles.createRole({ environmentId, slug, name: slug });
  };
  /** Organizations with an own configuration and, where one is given, a default other than the environment's. */
  const createOrganizations = async (environmentId: string, defaults: Record<string, string>) => {
    for (const [organizationId, slug] of Object.entries(defaults)) {
      await stage.roles.createRole({ environmentId, organizationId, slug: "org-own", name: "Own" });
      await stage.roles.setDefaultRole({ environmentId, organizationId, slug });
    }
  };
  const configOf = async (environmentId: string, organizationId: string) => {
    const { config, roles } = await stage.roles.listOrgRoles({ environmentId, organizationId });
    expect(slugsOf(roles)).toEqual(config?.priorityOrder);
    return present(config);
  };
  const defaultsOf = async (environmentId: string, ...organizations: string[]) => {
    const { config } = await stage.roles.listEnvironmentRoles({ environmentId });
    const defaults: Record<string, string | undefined> = { environment: config?.defaultRoleSlug };
    for (const id of organizations) defaults[id] = (await configOf(environmentId, id)).defaultRoleSlug;
    return defaults;
  };
  const everythingIn = async (environmentId: string, ...organizations: string[]) => [
    await stage.roles.listEnvironmentRoles({ environmentId }),
    ...(await Promise.all(organizations.map((organizationId) => configOf(environmentId, organizationId)))),
  ];

  test("a role that is no default leaves every order, and nothing else changes", async () => {
    const environmentId = await stage.changingEnvironment();
    await createOrganizations(environmentId, { acme: "member" });
    expect(await stage.roles.deleteEnvironmentRole({ environmentId, slug: "admin" })).toEqual({
      affectedOrganizationCount: 0,
      reassignedMembershipCount: 0,
      validateOnly: false,
    });
    expect((await stage.roles.listEnvironmentRoles({ environmentId })).config?.priorityOrder).toEqual(["member"]);
    expect((await configOf(environmentId, "acme")).priorityOrder).toEqual(["member", "org-own"]);
    expect((await configOf(environmentId, "globex")).priorityOrder).toEqual(["member", "org-auditor"]);
    expect((await configOf(environmentId, "never-seen")).priorityOrder).toEqual(["member"]);
    for (const scope of [{ environmentId }, { environmentId, organizationId: "acme" }])
      expect(await failureOf(stage.roles.getRole({ ...scope, slug: "admin" }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "ROLE_NOT_FOUND",
        metadata: { slug: "admin" },
      });
  });

  test.each([true, false])(
    "a default role is not deleted without a replacement (validate_only %s)",
    async (preview) => {
      const environmentId = await stage.changingEnvironment();
      await createOrganizations(environmentId, { acme: "admin", initech: "org-own" });
      const before = await everythingIn(environmentId, "acme", "globex", "initech");
      const remove = (slug: string) =>
        failureOf(stage.roles.deleteEnvironmentRole({ environmentId, slug, validateOnly: preview }));
      expect(await remove("member")).toMatchObject({
        code: "FAILED_PRECONDITION",
        reason: "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
        metadata: { slug: "member", affected_organization_count: "1", is_environment_default: "true" },
        preconditions: [{ type: "DEFAULT_ROLE", subject: "organizations/globex" }],
      });
      expect(await remove("admin")).toMatchObject({
        metadata: { slug: "admin", affected_organization_count: "1", is_environment_default: "false" },
        preconditions: [{ type: "DEFAULT_ROLE", subject: "organizations/acme" }],
      });
      expect(await everythingIn(environmentId, "acme", "globex", "initech")).toEqual(before);
    },
  );

  test("the environment's default needs a replacement even when no organization has it", async () => {
    const environmentId = await stage.changingEnvironment();
    await stage.roles.setDefaultRole({ environmentId, organizationId: "globex", slug: "admin" });
    const failure = await failureOf(stage.roles.deleteEnvironmentRole({ environmentId, slug: "member" }));
    expect(failure).toMatchObject({
      reason: "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
      metadata: { affected_organization_count: "0", is_environment_default: "true" },
      preconditions: [],
    });
  });

  test("the replacement becomes the default wherever the role was, and nowhere else", async () => {
    const environmentId = await stage.changingEnvironment();
    await createRoles(environmentId, "viewer");
    await createOrganizations(environmentId, { acme: "member", initech: "admin", umbrella: "org-own" });
    const request = { environmentId, slug: "member", replacementDefaultRoleSlug: "viewer" };
    const organizations = ["acme", "globex", "initech", "umbrella", "never-seen"];
    const before = await everythingIn(environmentId, ...organizations);

    const preview = await stage.roles.deleteEnvironmentRole({ ...request, validateOnly: true });
    expect(preview).toEqual({ affectedOrganizationCount: 2, reassignedMembershipCount: 0, validateOnly: true });
    expect(await everythingIn(environmentId, ...organizations)).toEqual(before);

    const answer = await stage.roles.deleteEnvironmentRole(request);
    expect(answer).toEqual({ ...preview, validateOnly: false });
    expect(await defaultsOf(environmentId, ...organizations)).toEqual({
      environment: "viewer",
      acme: "viewer",
      globex: "viewer",
      initech: "admin",
      umbrella: "org-own",
      "never-seen": "viewer",
    });
    expect((await configOf(environmentId, "acme")).priorityOrder).toEqual(["admin", "viewer", "org-own"]);
  });

  test("a chain of deletions leads every organization to the role that is left", async () => {
    const environmentId = await stage.changingEnvironment();
    await createRoles(environmentId, "a", "b", "c");
    await createOrganizations(environmentId, { acme: "a", initech: "b", umbrella: "c" });
    const remove = async (slug: string, replacementDefaultRoleSlug: string) =>
      (await stage.roles.deleteEnvironmentRole({ environmentId, slug, replacementDefaultRoleSlug }))
        .affectedOrganizationCount;
    expect(await remove("a", "b")).toBe(1);
    expect(await remove("b", "c")).toBe(2);
    expect(await failureOf(stage.roles.deleteEnvironmentRole({ environmentId, slug: "c" }))).toMatchObject({
      metadata: { slug: "c", affected_organization_count: "3", is_environment_default: "false" },
      preconditions: ["acme", "initech", "umbrella"].map((id) => ({
        type: "DEFAULT_ROLE",
        subject: `organizations/${id}`,
      })),
    });
    expect(await remove("c", "admin")).toBe(3);
    expect(await defaultsOf(environmentId, "acme", "initech", "umbrella", "globex")).toEqual({
      environment: "member",
      acme: "admin",
      initech: "admin",
      umbrella: "admin",
      globex: "member",
    });
  });

  test("an organization that leaves the chain is not led on", async () => {
    const environmentId = await stage.changingEnvironment();
    await createRoles(environmentId, "a", "b");
    await createOrganizations(environmentId, { acme: "a", initech: "a" });
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "a", replacementDefaultRoleSlug: "b" });
    await stage.roles.setDefaultRole({ environmentId, organizationId: "acme", slug: "admin" });
    const request = { environmentId, slug: "b", replacementDefaultRoleSlug: "member" };
    expect(await stage.roles.deleteEnvironmentRole(request)).toMatchObject({ affectedOrganizationCount: 1 });
    expect(await defaultsOf(environmentId, "acme", "initech")).toMatchObject({ acme: "admin", initech: "member" });
  });

  test("a deleted role's slug is free, and the new role is another one, at the bottom and nobody's default", async () => {
    const environmentId = await stage.changingEnvironment();
    await createOrganizations(environmentId, { acme: "admin" });
    const { role: old } = await stage.roles.getRole({ environmentId, slug: "admin" });
    const request = { environmentId, slug: "admin", replacementDefaultRoleSlug: "member" };
    for (let round = 1; round <= 2; round += 1) {
      await stage.roles.deleteEnvironmentRole(request);
      await createRoles(environmentId, "admin");
    }
    const { role } = await stage.roles.getRole({ environmentId, organizationId: "acme", slug: "admin" });
    expect(role).toMatchObject({ name: "admin", permissions: [], isDefault: false, priority: 3 });
    expect(role?.id).not.toBe(old?.id);
    expect(await defaultsOf(environmentId, "acme")).toEqual({ environment: "member", acme: "member" });
  });

  test("a default chosen after a deletion is not mixed up with the role of the same slug before", async () => {
    const environmentId = await stage.changingEnvironment();
    await createOrganizations(environmentId, { acme: "admin", initech: "member" });
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "admin", replacementDefaultRoleSlug: "member" });
    await createRoles(environmentId, "admin");
    await stage.roles.setDefaultRole({ environmentId, organizationId: "initech", slug: "admin" });
    expect(await failureOf(stage.roles.deleteEnvironmentRole({ environmentId, slug: "admin" }))).toMatchObject({
      metadata: { affected_organization_count: "1" },
      preconditions: [{ type: "DEFAULT_ROLE", subject: "organizations/initech" }],
    });
  });

  test.each([
    ["itself", "admin"],
    ["an unknown role", "viewer"],
    ["a custom role", "org-auditor"],
  ])("the replacement cannot be %s, even where it would be ignored", async (_, replacementDefaultRoleSlug) => {
    const environmentId = await stage.environment();
    for (const validateOnly of [true, false])
      expect(
        await failureOf(
          stage.roles.deleteEnvironmentRole({
            environmentId,
            slug: "admin",
            replacementDefaultRoleSlug,
            validateOnly,
          }),
        ),
      ).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "REPLACEMENT_ROLE_INVALID",
        metadata: { replacement_slug: replacementDefaultRoleSlug },
        violations: [{ field: "replacement_default_role_slug", description: "must be another role of the scope" }],
      });
    expect((await stage.roles.listEnvironmentRoles({ environmentId })).roles).toHaveLength(2);
  });

  test("the replacement is ignored where the role is no default", async () => {
    const environmentId = await stage.changingEnvironment();
    const request = { environmentId, slug: "admin", replacementDefaultRoleSlug: "member" };
    await stage.roles.setDefaultRole({ environmentId, organizationId: "globex", slug: "org-auditor" });
    expect(await stage.roles.deleteEnvironmentRole(request)).toMatchObject({ affectedOrganizationCount: 0 });
    expect(await defaultsOf(environmentId, "globex")).toEqual({ environment: "member", globex: "org-auditor" });
  });

  test("custom roles and roles that are not there are not deleted", async () => {
    const environmentId = await stage.environment();
    for (const slug of ["org-auditor", "viewer"])
      for (const validateOnly of [true, false])
        expect(await failureOf(stage.roles.deleteEnvironmentRole({ environmentId, slug, validateOnly }))).toMatchObject(
          { code: "NOT_FOUND", reason: "ROLE_NOT_FOUND", metadata: { slug } },
        );
  });

  test("the last environment role stays, because nothing can replace it", async () => {
    const environmentId = await stage.changingEnvironment();
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "admin" });
    expect(await failureOf(stage.roles.deleteEnvironmentRole({ environmentId, slug: "member" }))).toMatchObject({
      reason: "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
    });
    expect((await stage.roles.listEnvironmentRoles({ environmentId })).roles).toHaveLength(1);
  });

  test("up to a hundred of the organizations are named, in order, and all are counted", async () => {
    const environmentId = await stage.changingEnvironment();
    const ids = Array.from({ length: 101 }, (_, index) => `o${String(index).padStart(3, "0")}`);
    await Promise.all(
      ids.map((organizationId) => stage.roles.createRole({ environmentId, organizationId, name: "Own" })),
    );
    const failure = await failureOf(stage.roles.deleteEnvironmentRole({ environmentId, slug: "member" }));
    expect(failure.metadata).toMatchObject({ affected_organization_count: "102" });
    expect(failure.preconditions.map(({ subject }) => subject)).toEqual(
      ["globex", ...ids].slice(0, 100).map((id) => `organizations/${id}`),
    );
    const request = { environmentId, slug: "member", replacementDefaultRoleSlug: "admin" };
    expect(await stage.roles.deleteEnvironmentRole(request)).toMatchObject({ affectedOrganizationCount: 102 });
  });
});
