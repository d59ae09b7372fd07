import { many } from "../support/many";
import { type Attempt, type Trial, allows, custom, member, refused, roleOf, rolesIn, slugsOf } from "./behaviour-tests";

const environmentId = "alpha";

const viewer = ({ workos }: Trial) => workos.authorization.createEnvironmentRole({ slug: "viewer", name: "V" });

const setDefault = ({ service }: Trial, slug: string, organizationId?: string) =>
  service.roles.setDefaultRole({ environmentId, organizationId, slug });

const setOrder = ({ service }: Trial, slugs: string[]) => service.roles.setPriority({ environmentId, slugs });

const setOrderThere = ({ workos, organization }: Trial, slugs: readonly string[]) =>
  workos.put(`/authorization/organizations/${organization}/roles/priority`, { role_priority_order: slugs });

const deleteRole = ({ service }: Trial, slug: string, replacementDefaultRoleSlug?: string) =>
  service.roles.deleteEnvironmentRole({ environmentId, slug, replacementDefaultRoleSlug });

const rolesOf = async ({ workos }: Trial, id: string) =>
  (await workos.userManagement.getOrganizationMembership(id)).roles?.map(({ slug }) => slug);

/** Default and order, deletion, assignment, and what follows from them. */
export const memberBehaviours: Readonly<Record<number, Attempt>> = {
  42: async (trial) => {
    const { id } = await member(trial, "ann");
    expect(await allows(trial, id, "a")).toBe(false);
    await trial.workos.authorization.setEnvironmentRolePermissions("member", { permissions: ["a"] });
    expect(await allows(trial, id, "a")).toBe(true);
  },
  43: async (trial) => {
    expect(slugsOf(await trial.workos.authorization.listEnvironmentRoles())).toEqual(["member"]);
    expect((await member(trial, "ann")).role.slug).toBe("member");
  },
  44: async (trial) => {
    await custom(trial, "B", "org-b");
    await setDefault(trial, "org-b", trial.organization);
    expect((await member(trial, "ann")).role.slug).toBe("org-b");
    expect((await member({ ...trial, organization: "other" }, "ann")).role.slug).toBe("member");
  },
  45: async (trial) => {
    await viewer(trial);
    await setDefault(trial, "viewer");
    expect((await member(trial, "ann")).role.slug).toBe("viewer");
  },
  46: async (trial) => {
    await viewer(trial);
    await setOrder(trial, ["viewer", "member"]);
    await custom(trial, "B", "org-b");
    expect(await rolesIn(trial)).toEqual(["viewer", "member", "org-b"]);
    expect((await member(trial, "ann")).role.slug).toBe("member");
  },
  47: async (trial) => {
    await viewer(trial);
    await custom(trial, "B", "org-b");
    await setDefault(trial, "viewer");
    await setOrder(trial, ["viewer", "member"]);
    expect(await rolesIn(trial)).toEqual(["member", "viewer", "org-b"]);
    expect((await member(trial, "ann")).role.slug).toBe("member");
  },
  48: async (trial) => {
    await custom(trial, "B", "org-b");
    await viewer(trial);
    expect(await rolesIn(trial)).toEqual(["member", "org-b", "viewer"]);
    expect((await member(trial, "ann", { roleSlug: "viewer" })).role.slug).toBe("viewer");
  },
  49: async (trial) => {
    await viewer(trial);
    expect(slugsOf(await trial.workos.authorization.listEnvironmentRoles())).toEqual(["member", "viewer"]);
    await custom(trial, "B", "org-b");
    await custom(trial, "C", "org-c");
    expect(await rolesIn(trial)).toEqual(["member", "viewer", "org-b", "org-c"]);
  },
  50: async (trial) => {
    await custom(trial, "B", "org-b");
    await refused(setOrderThere(trial, ["member", "member"]), 400);
    await refused(setOrderThere(trial, ["member", "org-none"]), 400);
    const { data } = await setOrderThere(trial, ["org-b", "member"]);
    expect(slugsOf(data as { data: { slug: string }[] })).toEqual(["org-b", "member"]);
    expect(await rolesIn(trial)).toEqual(["org-b", "member"]);
  },
  51: async (trial) => {
    await custom(trial, "B", "org-b");
    await viewer(trial);
    for (const slug of ["viewer", "org-b"]) {
      await setDefault(trial, slug, trial.organization);
      expect((await member(trial, `with-${slug}`)).role.slug).toBe(slug);
    }
  },
  52: async (trial) => {
    await custom(trial, "B", "org-b");
    await setDefault(trial, "org-b", trial.organization);
    await refused(trial.workos.authorization.deleteOrganizationRole(trial.organization, "org-b"), 400);
    await expect(deleteRole(trial, "member")).rejects.toThrow();
    expect(await rolesIn(trial)).toEqual(["member", "org-b"]);
  },
  53: async (trial) => {
    await viewer(trial);
    await custom(trial, "B", "org-b");
    await trial.workos.authorization.deleteOrganizationRole(trial.organization, "org-b");
    await setOrder(trial, ["viewer", "member"]);
    expect(await rolesIn(trial)).toEqual(["member", "viewer"]);
  },
  54: async (trial) => {
    const slugs = many(6, (index) => `org-r${index}`);
    await Promise.all(slugs.map((slug) => custom(trial, "B", slug)));
    expect((await rolesIn(trial)).toSorted()).toEqual(["member", ...slugs]);
  },
  55: async (trial) => {
    await custom(trial, "B", "org-b");
    const { id } = await member(trial, "ann", { roleSlug: "org-b" });
    await refused(trial.workos.authorization.deleteOrganizationRole(trial.organization, "org-b"), 409);
    expect(await roleOf(trial, id)).toBe("org-b");
  },
  56: async (trial) => {
    await custom(trial, "B", "org-b");
    const organizationId = trial.organization;
    await trial.service.memberships.setGroupRole({ environmentId, organizationId, groupId: "g", roleSlug: "org-b" });
    await refused(trial.workos.authorization.deleteOrganizationRole(organizationId, "org-b"), 409);
  },
  57: async (trial) => {
    const { authorization, events } = trial.workos;
    await custom(trial, "B", "org-b");
    await authorization.setOrganizationRolePermissions(trial.organization, "org-b", { permissions: ["a"] });
    await authorization.deleteOrganizationRole(trial.organization, "org-b");
    await refused(authorization.getOrganizationRole(trial.organization, "org-b"), 404);
    const { data } = await events.listEvents({ events: ["organization_role.deleted"] });
    expect(data).toEqual([expect.objectContaining({ data: expect.objectContaining({ permissions: ["a"] }) })]);
  },
  59: async (trial) => {
    await viewer(trial);
    await custom(trial, "B", "org-b");
    await setDefault(trial, "org-b", trial.organization);
    const { id } = await member(trial, "ann", { roleSlug: "viewer" });
    await deleteRole(trial, "viewer");
    expect(await roleOf(trial, id)).toBe("org-b");
  },
  60: async (trial) => {
    await trial.enableMultipleRoles(true);
    await viewer(trial);
    await custom(trial, "B", "org-b");
    const several = await member(trial, "ann", { roleSlugs: ["viewer", "org-b"] });
    const sole = await member(trial, "bob", { roleSlug: "viewer" });
    await deleteRole(trial, "viewer");
    expect(await rolesOf(trial, several.id)).toEqual(["org-b"]);
    expect(await rolesOf(trial, sole.id)).toEqual(["member"]);
  },
  61: async (trial) => {
    await viewer(trial);
    const { id } = await member(trial, "ann");
    await custom({ ...trial, organization: "other" }, "B", "org-b");
    await deleteRole(trial, "member", "viewer");
    expect(await roleOf(trial, id)).toBe("viewer");
    expect((await member({ ...trial, organization: "other" }, "bob")).role.slug).toBe("viewer");
  },
  62: async (trial) => {
    await viewer(trial);
    await custom(trial, "B", "org-b");
    await expect(deleteRole(trial, "member")).rejects.toThrow(/1 organization/);
  },
  63: async (trial) => {
    await viewer(trial);
    await custom(trial, "B", "org-b");
    await deleteRole(trial, "viewer");
    expect(await rolesIn(trial)).toEqual(["member", "org-b"]);
    expect(await rolesIn({ ...trial, organization: "other" })).toEqual(["member"]);
  },
  64: async (trial) => {
    const first = await custom(trial, "B", "org-b");
    await trial.workos.authorization.deleteOrganizationRole(trial.organization, "org-b");
    expect((await custom(trial, "B", "org-b")).id).not.toBe(first.id);
  },
  65: async (trial) => {
    await viewer(trial);
    const { id } = await member(trial, "ann", { roleSlug: "viewer" });
    await deleteRole(trial, "viewer");
    await refused(trial.workos.authorization.getEnvironmentRole("viewer"), 404);
    expect(await roleOf(trial, id)).toBe("member");
  },
  66: async (trial) => refused(member(trial, "ann", { roleSlug: "org-none" }), 422),
  67: async (trial) => {
    await custom({ ...trial, organization: "other" }, "B", "org-b");
    await refused(member(trial, "ann", { roleSlug: "org-b" }), 422);
  },
  68: async (trial) => refused(member(trial, "ann", { roleSlug: "member", roleSlugs: ["member"] }), 422),
  69: async (trial) => {
    await viewer(trial);
    await refused(member(trial, "ann", { roleSlugs: ["member", "viewer"] }), 422);
  },
  71: async (trial) => {
    await viewer(trial);
    const { id } = await member(trial, "ann", { roleSlug: "viewer" });
    await trial.workos.userManagement.updateOrganizationMembership(id, { roleSlugs: [] });
    expect(await rolesOf(trial, id)).toEqual(["member"]);
  },
  72: async (trial) => {
    const { authorization } = trial.workos;
    await trial.enableMultipleRoles(true);
    await viewer(trial);
    await authorization.setEnvironmentRolePermissions("member", { permissions: ["a", "b"] });
    await authorization.setEnvironmentRolePermissions("viewer", { permissions: ["b", "c"] });
    await member(trial, "ann", { roleSlugs: ["member", "viewer"] });
    const access = await trial.service.access.getAccess({
      environmentId,
      organizationId: trial.organization,
      userId: "ann",
    });
    expect(access.permissions).toEqual(["a", "b", "c"]);
  },
  73: async (trial) => {
    await trial.enableMultipleRoles(true);
    await viewer(trial);
    await setOrder(trial, ["viewer", "member"]);
    const { role, roles } = await member(trial, "ann", { roleSlugs: ["member", "viewer"] });
    expect([role, roles]).toEqual([{ slug: "viewer" }, [{ slug: "viewer" }, { slug: "member" }]]);
  },
  74: async (trial) => {
    await trial.enableMultipleRoles(true);
    await viewer(trial);
    const { id } = await member(trial, "ann", { roleSlugs: ["member", "viewer"] });
    await trial.enableMultipleRoles(false);
    expect(await rolesOf(trial, id)).toEqual(["member"]);
  },
  75: async (trial) => {
    await viewer(trial);
    await custom(trial, "B", "org-b");
    await setOrderThere(trial, ["org-b", "viewer", "member"]);
    const { memberships } = trial.service;
    const at = { environmentId, organizationId: trial.organization };
    await memberships.setGroupRole({ ...at, groupId: "g1", roleSlug: "viewer" });
    await memberships.setGroupRole({ ...at, groupId: "g2", roleSlug: "org-b" });
    const sync = async () =>
      (await memberships.syncMemberGroups({ ...at, userId: "ann", groupIds: ["g1", "g2"] })).membership?.roleSlugs;
    expect(await sync()).toEqual(["org-b"]);
    await trial.enableMultipleRoles(true);
    expect(await sync()).toEqual(["org-b", "viewer"]);
  },
  76: async (trial) => {
    const synced = await trial.service.memberships.syncMemberGroups({
      environmentId,
      organizationId: trial.organization,
      userId: "ann",
      groupIds: ["none"],
    });
    expect(synced.membership?.roleSlugs).toEqual(["member"]);
  },
  83: async (trial) => {
    await custom(trial, "B", "org-b");
    const { id } = await member(trial, "ann", { roleSlug: "org-b" });
    await trial.workos.userManagement.deleteOrganizationMembership(id);
    await refused(trial.workos.authorization.listRoleAssignments({ organizationMembershipId: id }), 404);
    await trial.workos.authorization.deleteOrganizationRole(trial.organization, "org-b");
  },
  85: async (trial) => {
    await viewer(trial);
    await trial.workos.authorization.setEnvironmentRolePermissions("viewer", { permissions: ["a"] });
    await member(trial, "ann", { roleSlug: "viewer" });
    await member({ ...trial, organization: "other" }, "ann");
    const access = (organizationId: string) =>
      trial.service.access.getAccess({ environmentId, organizationId, userId: "ann" });
    expect(await access(trial.organization)).toMatchObject({ role: "viewer", roles: ["viewer"], permissions: ["a"] });
    expect(await access("other")).toMatchObject({ role: "member", roles: ["member"], permissions: [] });
  },
  86: async (trial) => {
    await viewer(trial);
    const { id } = await member(trial, "ann");
    await trial.workos.userManagement.updateOrganizationMembership(id, { roleSlug: "viewer" });
    const at = { environmentId, organizationId: trial.organization, userId: "ann" };
    expect((await trial.service.access.getAccess(at)).role).toBe("viewer");
  },
  87: async (trial) => {
    await viewer(trial);
    const { id } = await member(trial, "ann");
    await trial.workos.userManagement.updateOrganizationMembership(id, { roleSlug: "viewer" });
    const { data } = await trial.workos.events.listEvents({
      events: ["role.created", "permission.created", "organization_membership.updated"],
    });
    expect(data.slice(-2).map(({ event }) => event)).toEqual(["role.created", "organization_membership.updated"]);
  },
  88: async (trial) => {
    await trial.workos.authorization.updateEnvironmentRole("member", { name: "X" });
    expect((await trial.workos.events.listEvents({ events: ["role.updated"] })).data).toHaveLength(1);
  },
  89: async (trial) => {
    const { authorization } = trial.workos;
    const created = ["c", "b", "a"];
    for (const [order, slugs] of [
      ["asc", created.toReversed()],
      ["desc", created],
    ] as const)
      expect(slugsOf(await authorization.listPermissions({ order }))).toEqual(slugs);
    expect(slugsOf(await authorization.listPermissions({ limit: 2 }))).toEqual(["c", "b"]);
    await refused(authorization.listPermissions({ limit: 101 }), 422);
  },
  90: async (trial) => {
    const { listMetadata } = await trial.workos.authorization.listPermissions({ limit: 100 });
    expect(listMetadata).toEqual({ before: null, after: null });
  },
};
