import { many } from "../support/many";
import { type Attempt, allRefused, custom, refused, rolesIn, slugsOf } from "./behaviour-tests";

/** Slugs, roles and permissions. */
export const roleBehaviours: Readonly<Record<number, Attempt>> = {
  1: async (trial) => expect((await custom(trial, "Billing Admin")).slug).toMatch(/^billing-admin-[0-9a-z]{6}$/),
  2: async (trial) => expect((await custom(trial, "Same")).slug).not.toBe((await custom(trial, "Same")).slug),
  3: async (trial) => {
    const { id, slug } = await custom(trial, "X");
    expect(slug).toBe(`x-${id.slice(-6).toLowerCase()}`);
  },
  4: async (trial) => expect((await custom(trial, "a".repeat(48))).slug).toMatch(/^a{41}-[0-9a-z]{6}$/),
  5: async (trial) => expect((await custom(trial, `${"a".repeat(40)} bbbbbb`)).slug).toMatch(/^a{40}-[0-9a-z]{6}$/),
  6: async (trial) => expect((await custom(trial, "  R&D / Ops ")).slug).toMatch(/^rd-ops-[0-9a-z]{6}$/),
  7: async (trial) => expect((await custom(trial, "Café Manager")).slug).toMatch(/^caf-manager-[0-9a-z]{6}$/),
  8: async (trial) => expect((await custom(trial, "管理者")).slug).toMatch(/^role-[0-9a-z]{6}$/),
  9: async (trial) => expect((await custom(trial, "B", "org-billing-admin")).slug).toBe("org-billing-admin"),
  10: (trial) => refused(custom(trial, "B", "billing"), 422),
  11: (trial) =>
    allRefused(
      ["org-A", "org-ä", "org-a-", "org--a", "org-a_-b", "org-", "-org-a", "org a"].map(
        (slug) => () => custom(trial, "B", slug),
      ),
      422,
    ),
  12: async (trial) => {
    const { authorization } = trial.workos;
    await allRefused(
      [
        () => custom(trial, "B", `org-${"a".repeat(45)}`),
        () => custom(trial, "a".repeat(49)),
        () => authorization.createEnvironmentRole({ slug: "x", name: "x", description: "a".repeat(151) }),
      ],
      422,
    );
  },
  13: async (trial) => {
    await custom(trial, "B", "org-b");
    await refused(custom(trial, "B", "org-b"), 409);
  },
  14: async (trial) => {
    await custom(trial, "B", "org-b");
    expect((await custom({ ...trial, organization: "other" }, "B", "org-b")).slug).toBe("org-b");
  },
  15: async (trial) => {
    const { authorization } = trial.workos;
    await custom(trial, "B", "org-b");
    const changes = { name: "C", slug: "org-c" };
    await trial.workos
      .patch(`/authorization/organizations/${trial.organization}/roles/org-b`, changes)
      .catch(() => undefined); // refused by name here
    expect((await authorization.getOrganizationRole(trial.organization, "org-b")).slug).toBe("org-b");
  },
  16: async (trial) => {
    await custom(trial, "B", "org-b");
    expect((await custom(trial, "B", "org-c")).name).toBe("B");
  },
  17: ({ workos }) => refused(workos.authorization.createEnvironmentRole({ slug: "member", name: "M" }), 409),
  19: async ({ workos }) => {
    expect((await workos.authorization.createEnvironmentRole({ slug: "viewer", name: "V" })).slug).toBe("viewer");
    await refused(workos.authorization.createEnvironmentRole({ name: "V" } as { slug: string; name: string }), 422);
  },
  20: (trial) => refused(custom(trial, "B", ""), 422),
  21: async (trial) =>
    expect(await custom(trial, "B")).toMatchObject({
      type: "OrganizationRole",
      permissions: [],
      resourceTypeSlug: "organization",
      description: null,
    }),
  23: async ({ workos: { authorization }, organization }) => {
    await authorization.createOrganizationRole(organization, { slug: "org-b", name: "B", description: "D" });
    const update = (changes: object) => authorization.updateOrganizationRole(organization, "org-b", changes);
    expect(await update({ name: "C" })).toMatchObject({ name: "C", description: "D" });
    expect(await update({ description: null })).toMatchObject({ name: "C", description: null });
  },
  24: async ({ workos: { authorization }, organization }) => {
    const permissions = { permissions: ["a"] };
    await allRefused(
      [
        () => authorization.updateOrganizationRole(organization, "member", { name: "X" }),
        () => authorization.setOrganizationRolePermissions(organization, "member", permissions),
        () => authorization.deleteOrganizationRole(organization, "member"),
      ],
      400,
    );
    expect(await authorization.getEnvironmentRole("member")).toMatchObject({ name: "Member", permissions: [] });
  },
  25: async ({ workos, organization }) =>
    expect((await workos.authorization.getOrganizationRole(organization, "member")).type).toBe("EnvironmentRole"),
  26: ({ workos, organization }) => refused(workos.authorization.getOrganizationRole(organization, "org-none"), 404),
  27: async (trial) => {
    await custom({ ...trial, organization: "other" }, "B", "org-b");
    await refused(trial.workos.authorization.getOrganizationRole(trial.organization, "org-b"), 404);
  },
  28: async (trial) => {
    const slugs = many(12, (index) => `org-r${index}`);
    for (const slug of slugs) await custom(trial, "B", slug);
    expect(await rolesIn(trial)).toEqual(["member", ...slugs]);
  },
  29: async (trial) => {
    await custom(trial, "B", "org-b");
    await trial.workos.authorization.createEnvironmentRole({ slug: "viewer", name: "V" });
    expect(slugsOf(await trial.workos.authorization.listEnvironmentRoles())).toEqual(["member", "viewer"]);
  },
  30: async ({ workos: { authorization } }) => {
    const set = async (permissions: string[]) =>
      (await authorization.setEnvironmentRolePermissions("member", { permissions })).permissions;
    expect(await set(["a", "b"])).toEqual(["a", "b"]);
    expect(await set(["c"])).toEqual(["c"]);
    expect(await set([])).toEqual([]);
  },
  31: async ({ workos: { authorization } }) => {
    const add = () => authorization.addEnvironmentRolePermission("member", { permissionSlug: "a" });
    const first = await add();
    expect(await add()).toEqual(first);
  },
  32: async ({ workos: { authorization, events } }) => {
    for (const permissions of [["a"], ["a"], ["a", "b"]])
      await authorization.setEnvironmentRolePermissions("member", { permissions });
    expect((await events.listEvents({ events: ["role.updated"] })).data).toHaveLength(2);
  },
  33: async (trial) => {
    const { authorization } = trial.workos;
    await custom(trial, "B", "org-b");
    await authorization.setOrganizationRolePermissions(trial.organization, "org-b", { permissions: ["a", "b"] });
    await authorization.removeOrganizationRolePermission(trial.organization, "org-b", { permissionSlug: "a" });
    expect((await authorization.getOrganizationRole(trial.organization, "org-b")).permissions).toEqual(["b"]);
  },
  34: async (trial) => {
    await custom(trial, "B", "org-b");
    const permission = { permissionSlug: "a" };
    const { authorization } = trial.workos;
    await refused(authorization.removeOrganizationRolePermission(trial.organization, "org-b", permission), 404);
  },
  35: async ({ workos: { authorization } }) => {
    await authorization.setEnvironmentRolePermissions("member", { permissions: ["a"] });
    await refused(authorization.setEnvironmentRolePermissions("member", { permissions: ["b", "none"] }), 404);
    expect((await authorization.getEnvironmentRole("member")).permissions).toEqual(["a"]);
  },
  36: async ({ workos }) => {
    const role = await workos.authorization.setEnvironmentRolePermissions("member", { permissions: ["b", "a", "b"] });
    expect(role.permissions).toEqual(["a", "b"]);
  },
  37: async ({ workos: { authorization } }) => {
    await allRefused(
      ["A", "a b", "ä", ""].map((slug) => () => authorization.createPermission({ slug, name: "P" })),
      422,
    );
    await refused(authorization.createPermission({ slug: "a", name: "P" }), 409);
  },
  38: async ({ workos }) => {
    await workos.patch("/authorization/permissions/a", { slug: "z" }).catch(() => undefined);
    expect((await workos.authorization.getPermission("a")).slug).toBe("a");
    await refused(workos.authorization.getPermission("z"), 404);
  },
  40: async (trial) => {
    const { authorization } = trial.workos;
    await custom(trial, "B", "org-b");
    await authorization.setOrganizationRolePermissions(trial.organization, "org-b", { permissions: ["a", "b"] });
    await authorization.setEnvironmentRolePermissions("member", { permissions: ["a"] });
    await authorization.deletePermission("a");
    expect((await authorization.getEnvironmentRole("member")).permissions).toEqual([]);
    expect((await authorization.getOrganizationRole(trial.organization, "org-b")).permissions).toEqual(["b"]);
  },
};
