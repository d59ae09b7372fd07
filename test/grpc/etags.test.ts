import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { membersOn } from "../support/members";
import { present, stageOn } from "../support/stage";

const organizationId = "acme";
const slug = "org-own";

const refused = (etag: string) => ({ code: "ABORTED", reason: "ETAG_MISMATCH", metadata: { etag } });

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);

  const withRole = async () => {
    const role = { environmentId: await stage.changingEnvironment(), organizationId, slug };
    await stage.roles.createRole({ ...role, name: "Own" });
    return role;
  };
  const roleEtag = async (key: { environmentId: string; organizationId?: string; slug: string }) =>
    present((await stage.roles.getRole(key)).role).etag;
  const configEtag = async (environmentId: string, organization?: string) =>
    present(
      organization
        ? (await stage.roles.listOrgRoles({ environmentId, organizationId: organization })).config
        : (await stage.roles.listEnvironmentRoles({ environmentId })).config,
    ).etag;

  test("a role is changed under its present etag only", async () => {
    const key = await withRole();
    const { role } = await stage.roles.getRole(key);
    const { etag } = present(role);
    const rename = (name: string, under: string) =>
      stage.roles.updateRole({ ...key, role: { ...present(role), name }, updateMask: ["name"], etag: under });
    await rename("First", etag);
    expect(await failureOf(rename("Second", etag))).toMatchObject(refused(etag));
    expect((await stage.roles.getRole(key)).role?.name).toBe("First");
    await rename("Third", await roleEtag(key));
    expect((await stage.roles.getRole(key)).role?.name).toBe("Third");
  });

  test("a role's etag changes with its name, description and permissions, and with nothing else", async () => {
    const key = await withRole();
    const { environmentId } = key;
    const seen = new Set([await roleEtag(key)]);
    const { role } = await stage.roles.getRole(key);
    for (const [path, value] of Object.entries({ name: "New", description: "New", permissions: ["reports:read"] })) {
      const values = { ...present(role), [path]: value };
      const updated = await stage.roles.updateRole({ ...key, role: values, updateMask: [path] });
      seen.add(present(updated.role).etag);
    }
    await stage.roles.addRolePermissions({ ...key, permissions: ["invoices:pay"] });
    const last = await roleEtag(key);
    seen.add(last);
    expect(seen.size).toBe(5);
    await stage.roles.setDefaultRole(key);
    await stage.roles.setPriority({ environmentId, organizationId, slugs: [slug, "admin", "member"] });
    expect(await roleEtag(key)).toBe(last);
    expect(await roleEtag({ environmentId, slug: "admin" })).toBe(await roleEtag({ ...key, slug: "admin" }));
  });

  test("roles are deleted under their present etag only", async () => {
    const key = await withRole();
    const environmentRole = { environmentId: key.environmentId, slug: "admin" };
    for (const validateOnly of [true, false]) {
      expect(
        await failureOf(stage.roles.deleteOrgRole({ ...key, etag: await roleEtag(environmentRole), validateOnly })),
      ).toMatchObject(refused(await roleEtag(environmentRole)));
      expect(
        await failureOf(stage.roles.deleteEnvironmentRole({ ...environmentRole, etag: "stale", validateOnly })),
      ).toMatchObject(refused("stale"));
    }
    await stage.roles.deleteOrgRole({ ...key, etag: await roleEtag(key) });
    await stage.roles.deleteEnvironmentRole({ ...environmentRole, etag: await roleEtag(environmentRole) });
    expect((await stage.roles.listOrgRoles(key)).config?.priorityOrder).toEqual(["member"]);
  });

  test("an order and a default are set under the present etag of their configuration only", async () => {
    const { environmentId } = await withRole();
    for (const scope of [{ environmentId }, { environmentId, organizationId }]) {
      const etag = await configEtag(environmentId, "organizationId" in scope ? organizationId : undefined);
      const slugs = ["admin", "member", ...("organizationId" in scope ? [slug] : [])];
      const { config } = await stage.roles.setPriority({ ...scope, slugs, etag });
      expect(await failureOf(stage.roles.setPriority({ ...scope, slugs, etag }))).toMatchObject(refused(etag));
      expect(await failureOf(stage.roles.setDefaultRole({ ...scope, slug: "admin", etag }))).toMatchObject(
        refused(etag),
      );
      const set = await stage.roles.setDefaultRole({ ...scope, slug: "admin", etag: present(config).etag });
      expect(set.config).toMatchObject({ defaultRoleSlug: "admin", priorityOrder: slugs });
    }
  });

  test("a configuration's etag changes with its default, order, roles and inheritance, and with nothing else", async () => {
    const { environmentId } = await withRole();
    const first = await configEtag(environmentId, organizationId);
    const { role } = await stage.roles.getRole({ environmentId, slug: "admin" });
    const values = { ...present(role), name: "New" };
    await stage.roles.updateRole({ environmentId, slug: "admin", role: values, updateMask: ["name"] });
    expect(await configEtag(environmentId, organizationId)).toBe(first);
    await stage.roles.createRole({ environmentId, slug: "later", name: "Later" });
    const second = await configEtag(environmentId, organizationId);
    await stage.environments.deleteOrganizationData({ environmentId, organizationId });
    const third = await configEtag(environmentId, organizationId);
    expect(third).toBe(await configEtag(environmentId, "never-seen"));
    expect(new Set([first, second, third, await configEtag(environmentId)]).size).toBe(4);
  });

  test("environments and permissions are changed under their present etag only", async () => {
    const environmentId = await stage.environment();
    const { environment } = await stage.environments.getEnvironment({ environmentId });
    const rename = (etag: string) =>
      stage.environments.updateEnvironment({
        environmentId,
        environment: { ...present(environment), displayName: `Not ${etag}` },
        updateMask: ["display_name"],
        etag,
      });
    const etag = present(environment).etag;
    await rename(etag);
    expect(await failureOf(rename(etag))).toMatchObject(refused(etag));

    const key = { environmentId, slug: "invoices:pay" };
    const { permission } = await stage.permissions.getPermission(key);
    const before = present(permission).etag;
    const describeIt = (under: string) =>
      stage.permissions.updatePermission({
        ...key,
        permission: { ...present(permission), description: under },
        updateMask: ["description"],
        etag: under,
      });
    const { permission: after } = await describeIt(before);
    expect(await failureOf(describeIt(before))).toMatchObject(refused(before));
    expect(await failureOf(stage.permissions.deletePermission({ ...key, etag: before }))).toMatchObject(
      refused(before),
    );
    expect(await stage.permissions.getPermission(key)).toEqual({ permission: after });
    await stage.permissions.deletePermission({ ...key, etag: present(after).etag });
  });

  test("a member's roles are set, and a membership is ended, under its present etag only", async () => {
    const { environmentId } = await withRole();
    const key = { environmentId, organizationId, userId: "ann" };
    const set = (roleSlug: string, under?: string) =>
      stage.memberships.setMemberRoles({ ...key, roleSlugs: [roleSlug], etag: under });
    expect(await failureOf(set("admin", "stale"))).toMatchObject({
      code: "NOT_FOUND",
      reason: "MEMBERSHIP_NOT_FOUND",
      metadata: { organization_id: organizationId, user_id: "ann" },
    });
    const first = present((await set("admin")).membership).etag;
    const second = present((await set(slug, first)).membership);
    expect(await failureOf(set("member", first))).toMatchObject(refused(first));
    expect(await failureOf(stage.memberships.deleteMembership({ ...key, etag: first }))).toMatchObject(refused(first));
    expect((await stage.memberships.getMembership(key)).membership).toEqual(second);
    await stage.memberships.deleteMembership({ ...key, etag: second.etag });
    expect(await failureOf(set("member", second.etag))).toMatchObject({ reason: "MEMBERSHIP_NOT_FOUND" });
    expect(await failureOf(stage.memberships.deleteMembership({ ...key, etag: second.etag }))).toMatchObject({
      reason: "MEMBERSHIP_NOT_FOUND",
    });
  });

  test("a membership's etag changes with its roles, for whatever reason, and with nothing else", async () => {
    const { environmentId } = await withRole();
    const key = { environmentId, organizationId, userId: "ann" };
    const etag = async () => present((await stage.memberships.getMembership(key)).membership).etag;
    const set = (...roleSlugs: string[]) => stage.memberships.setMemberRoles({ ...key, roleSlugs });
    await membersOn(stage).allowSeveral(environmentId, true);
    await stage.roles.createRole({ environmentId, slug: "viewer", name: "Viewer" });
    await set("viewer", "admin", slug);
    const first = await etag();
    await set(slug, "admin", "viewer");
    await stage.roles.setPriority({ environmentId, organizationId, slugs: [slug, "viewer", "admin", "member"] });
    await stage.roles.addRolePermissions({ environmentId, slug: "viewer", permissions: ["invoices:pay"] });
    expect(await etag()).toBe(first);

    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "viewer" });
    const second = await etag();
    await stage.roles.deleteOrgRole({ environmentId, organizationId, slug, replacementRoleSlug: "member" });
    const third = await etag();
    await membersOn(stage).allowSeveral(environmentId, false);
    const fourth = await etag();
    await stage.roles.deleteEnvironmentRole({ environmentId, slug: "admin" });
    const fifth = await etag();
    expect(new Set([first, second, third, fourth, fifth]).size).toBe(5);
    expect(await failureOf(stage.memberships.setMemberRoles({ ...key, etag: fourth }))).toMatchObject(refused(fourth));
    await set();
    expect(await etag()).toBe(fifth);
  });

  test("a role of the same slug and values has another etag than the one before", async () => {
    const key = await withRole();
    const etag = await roleEtag(key);
    await stage.roles.deleteOrgRole(key);
    await stage.roles.createRole({ ...key, name: "Own" });
    expect(await failureOf(stage.roles.deleteOrgRole({ ...key, etag }))).toMatchObject(refused(etag));
  });
});
