import { randomUUID } from "node:crypto";
import type { WorkOS } from "@workos-inc/node";
import { engines } from "../support/engines";
import { failure, startWorkos } from "./stage";

const slugsOf = ({ data }: { data: { slug: string }[] }) => data.map(({ slug }) => slug);
const join = (client: WorkOS, organizationId: string, userId: string, roleSlug?: string) =>
  client.userManagement.createOrganizationMembership({ organizationId, userId, ...(roleSlug && { roleSlug }) });

const id = () => randomUUID().slice(0, 8);

describe.each(engines.filter(({ name }) => name !== "mysql"))("the client for Node on $name", (engine) => {
  let stage: Awaited<ReturnType<typeof startWorkos>>;
  let workos: WorkOS;
  let elsewhere: WorkOS;
  beforeAll(async () => {
    stage = await startWorkos(engine);
    workos = stage.by("alpha");
    elsewhere = stage.by("beta");
    for (const client of [workos, elsewhere])
      for (const slug of ["docs:read", "docs:write", "docs:delete"])
        await client.authorization.createPermission({ slug, name: slug });
    await workos.authorization.createEnvironmentRole({ slug: "admin", name: "Admin", description: "All" });
    await workos.authorization.setEnvironmentRolePermissions("admin", { permissions: ["docs:write", "docs:read"] });
  });
  afterAll(() => stage?.service.drop());

  const check = async (organizationMembershipId: string, permissionSlug: string, organization: string) =>
    (
      await workos.authorization.check({
        organizationMembershipId,
        permissionSlug,
        resourceExternalId: organization,
        resourceTypeSlug: "organization",
      })
    ).authorized;

  test("environment roles are made, read and changed, in one environment alone", async () => {
    expect(await workos.authorization.getEnvironmentRole("admin")).toEqual({
      object: "role",
      id: expect.stringMatching(/^role_[0-9A-Z]{26}$/),
      slug: "admin",
      name: "Admin",
      description: "All",
      type: "EnvironmentRole",
      resourceTypeSlug: "organization",
      permissions: ["docs:read", "docs:write"],
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    const renamed = await workos.authorization.updateEnvironmentRole("admin", { name: "Owner" });
    expect(renamed).toMatchObject({ name: "Owner", description: "All" });
    expect(await workos.authorization.updateEnvironmentRole("admin", { description: null })).toMatchObject({
      name: "Owner",
      description: null,
    });
    const added = await workos.authorization.addEnvironmentRolePermission("admin", { permissionSlug: "docs:read" });
    expect(added.permissions).toEqual(["docs:read", "docs:write"]);
    expect(slugsOf(await workos.authorization.listEnvironmentRoles())).toEqual(["member", "admin"]);
    expect(slugsOf(await elsewhere.authorization.listEnvironmentRoles())).toEqual(["member"]);
    expect(await failure(elsewhere.authorization.getEnvironmentRole("admin"))).toEqual({
      name: "NotFoundException",
      status: 404,
      code: "entity_not_found",
      message: "Role not found: 'admin'.",
    });
  });

  test("custom roles belong to one organization, with a slug or without, and come last", async () => {
    const [one, other] = [`org_${id()}`, `org_${id()}`];
    const billing = await workos.authorization.createOrganizationRole(one, { name: "Billing Admin" });
    expect(billing).toMatchObject({ type: "OrganizationRole", permissions: [], description: null });
    expect(billing.slug).toMatch(/^billing-admin-[0-9a-z]{6}$/);
    await workos.authorization.createOrganizationRole(one, { slug: "org-auditor", name: "Auditor" });
    expect(slugsOf(await workos.authorization.listOrganizationRoles(one))).toEqual([
      "member",
      "admin",
      billing.slug,
      "org-auditor",
    ]);
    expect(slugsOf(await workos.authorization.listOrganizationRoles(other))).toEqual(["member", "admin"]);
    expect(slugsOf(await workos.organizations.listOrganizationRoles({ organizationId: one }))).toHaveLength(4);
    expect(slugsOf(await elsewhere.authorization.listOrganizationRoles(one))).toEqual(["member"]);
    const permissions = ["docs:write", "docs:read"];
    await workos.authorization.setOrganizationRolePermissions(one, "org-auditor", { permissions });
    await workos.authorization.removeOrganizationRolePermission(one, "org-auditor", { permissionSlug: "docs:write" });
    const grown = await workos.authorization.addOrganizationRolePermission(one, "org-auditor", {
      permissionSlug: "docs:delete",
    });
    expect(grown.permissions).toEqual(["docs:delete", "docs:read"]);
    expect((await workos.authorization.getOrganizationRole(one, "admin")).type).toBe("EnvironmentRole");
    expect(await failure(workos.authorization.getOrganizationRole(other, "org-auditor"))).toMatchObject({
      status: 404,
    });
    await workos.authorization.deleteOrganizationRole(one, "org-auditor");
    expect(slugsOf(await workos.authorization.listOrganizationRoles(one))).toEqual(["member", "admin", billing.slug]);
  });

  test("a role in use is not deleted, and an unused one is", async () => {
    const organization = `org_${id()}`;
    await workos.authorization.createOrganizationRole(organization, { slug: "org-used", name: "Used" });
    const { id: membership } = await join(workos, organization, "ann", "org-used");
    expect(await failure(workos.authorization.deleteOrganizationRole(organization, "org-used"))).toMatchObject({
      name: "ConflictException",
      status: 409,
      message: 'Role "org-used" is in use by 1 member; set replacement_role_slug',
    });
    await workos.userManagement.updateOrganizationMembership(membership, { roleSlug: "member" });
    await workos.authorization.deleteOrganizationRole(organization, "org-used");
    expect(await failure(workos.authorization.getOrganizationRole(organization, "org-used"))).toMatchObject({
      status: 404,
    });
  });

  test("members are made with the default role, switched and checked, each in one organization alone", async () => {
    const organization = `org_${id()}`;
    const ann = await join(workos, organization, "ann");
    expect(ann).toMatchObject({
      object: "organization_membership",
      organizationId: organization,
      userId: "ann",
      status: "active",
      role: { slug: "member" },
      roles: [{ slug: "member" }],
    });
    expect(ann.id).toMatch(/^om_[\w-]+$/);
    expect(ann.id).not.toContain("ann");
    expect(await check(ann.id, "docs:write", organization)).toBe(false);
    const promoted = await workos.userManagement.updateOrganizationMembership(ann.id, { roleSlug: "admin" });
    expect(promoted).toMatchObject({ id: ann.id, role: { slug: "admin" }, roles: [{ slug: "admin" }] });
    expect(await check(ann.id, "docs:write", organization)).toBe(true);
    expect(await check(ann.id, "docs:unknown", organization)).toBe(false);
    expect(await workos.userManagement.getOrganizationMembership(ann.id)).toEqual(promoted);
    expect(await failure(elsewhere.userManagement.getOrganizationMembership(ann.id))).toEqual({
      name: "NotFoundException",
      status: 404,
      code: "entity_not_found",
      message: `Organization membership not found: '${ann.id}'.`,
    });
    expect(await failure(join(workos, organization, "ann", "admin"))).toMatchObject({
      name: "ConflictException",
      status: 409,
      message: `User "ann" is already a member of organization "${organization}"`,
    });
    const several = workos.userManagement.updateOrganizationMembership(ann.id, { roleSlugs: ["member", "admin"] });
    expect(await failure(several)).toMatchObject({
      name: "UnprocessableEntityException",
      status: 422,
      code: "multiple_roles_not_enabled",
    });
  });

  test("the id of an ended membership does not come to life again", async () => {
    const organization = `org_${id()}`;
    const { id: first } = await join(workos, organization, "ann");
    await workos.userManagement.deleteOrganizationMembership(first);
    const update = () => workos.userManagement.updateOrganizationMembership(first, { roleSlug: "admin" });
    expect(await failure(update())).toMatchObject({ status: 404, code: "entity_not_found" });
    const { id: second } = await join(workos, organization, "ann");
    expect(second).not.toBe(first);
    for (const call of [
      update(),
      workos.userManagement.getOrganizationMembership(first),
      workos.userManagement.deleteOrganizationMembership(first),
      check(first, "docs:read", organization),
      workos.authorization.listRoleAssignments({ organizationMembershipId: first }),
      workos.authorization.assignRole({ organizationMembershipId: first, roleSlug: "admin", resourceId: organization }),
    ])
      expect(await failure(call)).toMatchObject({ status: 404, code: "entity_not_found" });
    expect((await workos.userManagement.getOrganizationMembership(second)).role.slug).toBe("member");
  });

  test("one role is given and taken at a time, and the last one leaves the default", async () => {
    const organization = `org_${id()}`;
    await stage.enableMultipleRoles("alpha", true);
    try {
      const { id: membership } = await join(workos, organization, "ann");
      const at = { organizationMembershipId: membership, resourceId: organization };
      const assigned = await workos.authorization.assignRole({ ...at, roleSlug: "admin" });
      expect(assigned).toMatchObject({
        object: "role_assignment",
        role: { slug: "admin" },
        resource: { id: organization, resourceTypeSlug: "organization" },
      });
      expect(await workos.authorization.assignRole({ ...at, roleSlug: "admin" })).toEqual(assigned);
      const listed = await workos.authorization.listRoleAssignments({ organizationMembershipId: membership });
      expect(listed.data.map(({ role }) => role.slug).toSorted()).toEqual(["admin", "member"]);
      expect(listed.data.map((one) => one.id)).toContain(assigned.id);
      expect((await workos.userManagement.getOrganizationMembership(membership)).roles).toEqual([
        { slug: "member" },
        { slug: "admin" },
      ]);
      await workos.authorization.removeRole({ ...at, roleSlug: "member" });
      expect(await failure(workos.authorization.removeRole({ ...at, roleSlug: "member" }))).toMatchObject({
        status: 404,
      });
      const removal = { organizationMembershipId: membership, roleAssignmentId: assigned.id };
      await workos.authorization.removeRoleAssignment(removal);
      expect((await workos.userManagement.getOrganizationMembership(membership)).roles).toEqual([{ slug: "member" }]);
      expect(await failure(workos.authorization.removeRoleAssignment(removal))).toMatchObject({ status: 404 });
    } finally {
      await stage.enableMultipleRoles("alpha", false);
    }
  });

  test("an idempotency key given twice makes one permission, and another request with it is refused", async () => {
    const slug = `once-${id()}`;
    const key = { idempotencyKey: id() };
    const post = (body: object) => workos.post("/authorization/permissions", body, key);
    const [first, second] = [await post({ slug, name: "Once" }), await post({ slug, name: "Once" })];
    expect(second.data).toEqual(first.data);
    expect(await failure(post({ slug, name: "Twice" }))).toMatchObject({
      name: "UnprocessableEntityException",
      code: "idempotency_key_reused",
    });
    const inOtherEnvironment = await elsewhere.post("/authorization/permissions", { slug, name: "Other" }, key);
    expect(inOtherEnvironment.data).toMatchObject({ name: "Other" });
  });

  test("concurrent first custom roles are all made, and each is in the order once", async () => {
    const organization = `org_${id()}`;
    const names = Array.from({ length: 8 }, (_, index) => `org-role-${index}`);
    await Promise.all(
      names.map((slug) => workos.authorization.createOrganizationRole(organization, { slug, name: slug })),
    );
    const slugs = slugsOf(await workos.authorization.listOrganizationRoles(organization));
    expect(slugs.toSorted()).toEqual(["admin", "member", ...names].toSorted());
  });

  test("of concurrent memberships of one user one is made", async () => {
    const organization = `org_${id()}`;
    const made = await Promise.allSettled(Array.from({ length: 6 }, () => join(workos, organization, "ann")));
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const { data } = await workos.userManagement.listOrganizationMemberships({ organizationId: organization });
    expect(data).toHaveLength(1);
  });
});
