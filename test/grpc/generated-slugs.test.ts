import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { present, slugsOf, stageOn } from "../support/stage";

const organizationId = "acme";

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const create = async (environmentId: string, name: string, organization = organizationId) =>
    present((await stage.roles.createRole({ environmentId, organizationId: organization, name })).role);

  test("a custom role without a slug gets one of its name and the end of its id", async () => {
    const environmentId = await stage.environment();
    const stems = {
      "Billing Admin": "billing-admin",
      "  R&D / Ops  ": "rd-ops",
      "Café Manager": "caf-manager",
      管理者: "role",
      "Org Admin": "admin",
      "org-org-x": "x",
      "a__b--c_-d": "a_b-c_d",
      ["a".repeat(48)]: "a".repeat(41),
      [`${"a".repeat(40)}-b`]: "a".repeat(40),
    };
    const slugs: string[] = [];
    for (const [name, stem] of Object.entries(stems)) {
      const { id, slug } = await create(environmentId, name);
      expect(slug).toBe(`${stem}-${id.slice(-6).toLowerCase()}`);
      slugs.push(slug);
    }
    const { roles } = await stage.roles.listOrgRoles({ environmentId, organizationId });
    expect(slugsOf(roles)).toEqual(["member", "admin", ...slugs]);
  });

  test("roles of one name never meet, in one organization or in several at once", async () => {
    const environmentId = await stage.environment();
    const organizations = ["acme", "acme", "acme", "initech", "initech", "umbrella"];
    const roles = await Promise.all(organizations.map((id) => create(environmentId, "Manager", id)));
    expect(new Set(slugsOf(roles)).size).toBe(organizations.length);
    expect(slugsOf(roles)).toEqual(roles.map(({ id }) => `manager-${id.slice(-6).toLowerCase()}`));
  });

  test("a generated slug is taken for environment roles, until the role is deleted", async () => {
    const environmentId = await stage.changingEnvironment();
    const { slug } = await create(environmentId, "Manager");
    expect(await failureOf(stage.roles.createRole({ environmentId, slug, name: "Manager" }))).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: "ROLE_SLUG_TAKEN",
      metadata: { slug },
    });
    expect((await stage.roles.listEnvironmentRoles({ environmentId })).roles).toHaveLength(2);
    await stage.roles.deleteOrgRole({ environmentId, organizationId, slug });
    await stage.roles.createRole({ environmentId, slug, name: "Manager" });
    expect((await stage.roles.getRole({ environmentId, organizationId, slug })).role?.organizationId).toBe("");
  });

  test("without an organization the suggested slug is that of an environment role", async () => {
    const environmentId = await stage.changingEnvironment();
    const suggest = async () =>
      (await stage.roles.suggestSlug({ environmentId, organizationId: "", name: "Billing Admin" })).slug;
    expect(await suggest()).toBe("billing-admin");
    await stage.roles.createRole({ environmentId, slug: await suggest(), name: "Billing Admin" });
    expect(await suggest()).toBe("billing-admin-2");
  });

  test("a suggested slug is the explicit one that is free", async () => {
    const environmentId = await stage.environment();
    const suggest = async (name: string, organization = organizationId) =>
      (await stage.roles.suggestSlug({ environmentId, organizationId: organization, name })).slug;
    const long = "a".repeat(48);
    for (const [name, ...expected] of [
      ["Billing Admin", "org-billing-admin", "org-billing-admin-2", "org-billing-admin-3"],
      ["管理者", "org-role", "org-role-2"],
      ["Org Admin", "org-admin", "org-admin-2"],
      [long, `org-${"a".repeat(44)}`, `org-${"a".repeat(42)}-2`],
    ] as const)
      for (const slug of expected) {
        expect(await suggest(name)).toBe(slug);
        await stage.roles.createRole({ environmentId, organizationId, slug, name });
      }
    expect(await suggest("Billing Admin", "initech")).toBe("org-billing-admin");
    expect(await suggest("Auditor", "globex")).toBe("org-auditor-2");
    const { slug } = await create(environmentId, "Auditor");
    expect(await suggest("Auditor")).toBe("org-auditor");
    expect(slug).toMatch(/^auditor-/);
  });
});
