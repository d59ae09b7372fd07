import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { slugsOf, stageOn } from "../support/stage";

const organizationId = "acme";

const outcomesOf = async (calls: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).map(({ status }) => status).toSorted();

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine, {
    ORGROLES_MAX_ENVIRONMENT_ROLES: "3",
    ORGROLES_MAX_CUSTOM_ROLES: "2",
    ORGROLES_MAX_PERMISSIONS: "4",
  });

  test("an environment has as many roles as it may have, and not one more", async () => {
    const environmentId = await stage.changingEnvironment();
    const create = (slug: string) => stage.roles.createRole({ environmentId, slug, name: slug });
    expect(await outcomesOf(["a", "b", "c"].map(create))).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(await failureOf(create("d"))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "ROLE_LIMIT_REACHED",
      metadata: { limit: "3" },
      quota: [{ subject: `environments/${environmentId}`, description: "at most 3 roles" }],
    });
    expect((await stage.roles.listEnvironmentRoles({ environmentId })).roles).toHaveLength(3);
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "admin" });
    await create("d");
    const another = await stage.changingEnvironment();
    await stage.roles.createRole({ environmentId: another, slug: "d", name: "d" });
  });

  test("an organization has as many custom roles as it may have, and not one more", async () => {
    const environmentId = await stage.environment();
    const scope = { environmentId, organizationId };
    const create = (name: string) => stage.roles.createRole({ ...scope, slug: `org-${name}`, name });
    expect(await outcomesOf(["a", "b", "c", "d"].map(create))).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
    ]);
    expect(await failureOf(create("e"))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "ROLE_LIMIT_REACHED",
      metadata: { limit: "2" },
      quota: [{ subject: "organizations/acme", description: "at most 2 roles" }],
    });
    const { roles } = await stage.roles.listOrgRoles(scope);
    expect(roles).toHaveLength(4);
    await stage.roles.createRole({ ...scope, organizationId: "initech", name: "Own" });
    await stage.roles.deleteOrgRole({ ...scope, slug: slugsOf(roles).at(-1) ?? "" });
    await create("f");
  });

  test("an environment has as many permissions as it may have, and not one more", async () => {
    const environmentId = await stage.environment();
    const create = (slug: string) => stage.permissions.createPermission({ environmentId, slug, name: slug });
    expect(await outcomesOf(["a", "b", "c"].map(create))).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(await failureOf(create("d"))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "PERMISSION_LIMIT_REACHED",
      metadata: { limit: "4" },
      quota: [{ subject: `environments/${environmentId}`, description: "at most 4 permissions" }],
    });
    expect((await stage.permissions.listPermissions({ environmentId })).permissions).toHaveLength(4);
    await stage.permissions.deletePermission({ environmentId, slug: "reports:read" });
    await create("d");
  });

  test("a refused first role leaves no organization behind", async () => {
    const environmentId = await stage.changingEnvironment();
    await stage.environments.deleteOrganizationData({ environmentId, organizationId: "globex" });
    const create = { environmentId, organizationId, name: "Own", permissions: ["unknown"] };
    await failureOf(stage.roles.createRole(create));
    expect(await stage.environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
  });
});
