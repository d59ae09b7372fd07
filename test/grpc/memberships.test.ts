import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { membersOn } from "../support/members";
import { present, stageOn } from "../support/stage";

const organizationId = "acme";

const notAssignable = (roles: string, ...fields: string[]) => ({
  code: "INVALID_ARGUMENT",
  reason: "ROLE_NOT_ASSIGNABLE",
  metadata: { roles },
  violations: fields.map((field) => ({ field, description: "must be an effective role of the organization" })),
});

const notFound = (organization: string, userId: string) => ({
  code: "NOT_FOUND",
  reason: "MEMBERSHIP_NOT_FOUND",
  metadata: { organization_id: organization, user_id: userId },
});

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const members = membersOn(stage);
  const acme = async () => ({ environmentId: await stage.environment(), organizationId });
  const acmeAlone = async () => ({ environmentId: await stage.changingEnvironment(), organizationId });

  test("a user becomes a member with a role", async () => {
    const scope = await acme();
    const before = Date.now();
    const membership = await members.set(scope, "ann", "admin");
    expect(membership).toEqual({
      ...scope,
      userId: "ann",
      roleSlugs: ["admin"],
      primaryRoleSlug: "admin",
      createTime: expect.any(Date),
      updateTime: membership.createTime,
      etag: expect.stringMatching(/^[!-~]{1,64}$/),
    });
    expect(membership.createTime?.getTime()).toBeGreaterThanOrEqual(before);
    expect(await stage.memberships.getMembership({ ...scope, userId: "ann" })).toEqual({ membership });
    expect(await members.rolesIn(scope)).toEqual({ ann: ["admin"] });
  });

  test("roles are replaced, and the member stays since when it is", async () => {
    const scope = await acme();
    const first = await members.set(scope, "ann", "admin");
    const before = Date.now();
    const second = await members.set(scope, "ann", "member");
    expect(second).toEqual({
      ...first,
      roleSlugs: ["member"],
      primaryRoleSlug: "member",
      updateTime: expect.any(Date),
      etag: expect.any(String),
    });
    expect(second.updateTime?.getTime()).toBeGreaterThanOrEqual(before);
    expect(await members.rolesIn(scope)).toEqual({ ann: ["member"] });
  });

  test("many users become members at once, of an organization that nobody has seen before", async () => {
    const scope = await acme();
    const users = ["u1", "u2", "u3", "u4", "u5", "u6"];
    await Promise.all(users.map((userId) => members.set(scope, userId, "admin")));
    expect(await members.rolesIn(scope)).toEqual(Object.fromEntries(users.map((userId) => [userId, ["admin"]])));
  });

  test("without roles a member gets the default of that moment, and later defaults do not reach it", async () => {
    const scope = await acmeAlone();
    const { environmentId } = scope;
    expect((await members.set(scope, "ann")).roleSlugs).toEqual(["member"]);
    await stage.roles.setDefaultRole({ environmentId, slug: "admin" });
    await members.set(scope, "bob");
    expect(await members.rolesIn(scope)).toEqual({ ann: ["member"], bob: ["admin"] });

    await members.customRoles(scope, "org-own");
    await stage.roles.setDefaultRole({ ...scope, slug: "org-own" });
    await members.set(scope, "cyd");
    await stage.roles.setDefaultRole({ ...scope, slug: "member" });
    await members.set(scope, "dan", "admin");
    await members.set(scope, "dan");
    const after = { ann: ["member"], bob: ["admin"], cyd: ["org-own"], dan: ["member"] };
    expect(await members.rolesIn(scope)).toEqual(after);
    await stage.roles.setDefaultRole({ environmentId, slug: "member" });
    expect(await members.rolesIn(scope)).toEqual(after);
  });

  test("members stay what they are when the organization takes a configuration of its own, and gives it back", async () => {
    const scope = await acme();
    await members.set(scope, "ann", "admin");
    const { membership } = await stage.memberships.getMembership({ ...scope, userId: "ann" });
    const read = () => stage.memberships.getMembership({ ...scope, userId: "ann" });
    await members.customRoles(scope, "org-own");
    expect(await read()).toEqual({ membership });
    await stage.roles.deleteOrgRole({ ...scope, slug: "org-own" });
    expect(await read()).toEqual({ membership });
    await stage.roles.resetOrgRoleConfig(scope);
    expect(await read()).toEqual({ membership });
    expect(await members.rolesIn(scope)).toEqual({ ann: ["admin"] });
  });

  test.each([
    ["a role that is not there", "viewer"],
    ["another organization's custom role", "org-auditor"],
    ["another environment's role", "elsewhere"],
  ])("%s is not assigned, and nothing is written", async (_, slug) => {
    const scope = await acmeAlone();
    await members.environmentRoles(await stage.changingEnvironment(), "elsewhere");
    const set = () => members.set(scope, "ann", slug);
    expect(await failureOf(set())).toMatchObject(notAssignable(slug, "role_slugs[0]"));
    expect(await members.rolesIn(scope)).toEqual({});
    const before = await members.set(scope, "ann", "admin");
    expect(await failureOf(set())).toMatchObject(notAssignable(slug, "role_slugs[0]"));
    expect(await stage.memberships.getMembership({ ...scope, userId: "ann" })).toEqual({ membership: before });
  });

  test("a refused member leaves no organization behind", async () => {
    const { environmentId } = await acmeAlone();
    await stage.environments.deleteOrganizationData({ environmentId, organizationId: "globex" });
    await failureOf(members.set({ environmentId, organizationId }, "ann", "viewer"));
    expect(await stage.environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
  });

  test("all roles that cannot be assigned are named, where the request has them", async () => {
    const scope = await acme();
    const slugs = ["admin", "admin", "viewer", "member", "org-auditor", "viewer"];
    expect(await failureOf(members.set(scope, "ann", ...slugs))).toMatchObject(
      notAssignable("viewer,org-auditor", "role_slugs[2]", "role_slugs[4]", "role_slugs[5]"),
    );
  });

  test("a member has one role unless the environment allows several, and repeats count once", async () => {
    const scope = await acme();
    await members.set(scope, "ann", "admin", "admin");
    expect(await failureOf(members.set(scope, "ann", "member", "admin"))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "MULTIPLE_ROLES_DISABLED",
      metadata: { environment_id: scope.environmentId },
      preconditions: [{ type: "MULTIPLE_ROLES", subject: `environments/${scope.environmentId}` }],
    });
    expect(await members.rolesIn(scope)).toEqual({ ann: ["admin"] });
    await members.allowSeveral(scope.environmentId, true);
    const several = await members.set(scope, "ann", "admin", "member", "admin");
    expect(several).toMatchObject({ roleSlugs: ["member", "admin"], primaryRoleSlug: "member" });
  });

  test("roles come in the organization's own order, and its first is the primary one", async () => {
    const scope = await acmeAlone();
    const { environmentId } = scope;
    await members.allowSeveral(environmentId, true);
    await members.customRoles(scope, "org-own");
    const other = { environmentId, organizationId: "initech" };
    const membership = await members.set(scope, "ann", "org-own", "admin", "member");
    expect(membership.roleSlugs).toEqual(["member", "admin", "org-own"]);
    await members.set(other, "ann", "admin", "member");

    await stage.roles.setPriority({ ...scope, slugs: ["org-own", "member", "admin"] });
    expect(await stage.memberships.getMembership({ ...scope, userId: "ann" })).toEqual({
      membership: { ...membership, roleSlugs: ["org-own", "member", "admin"], primaryRoleSlug: "org-own" },
    });
    expect(await members.rolesIn(other)).toEqual({ ann: ["member", "admin"] });
    await stage.roles.setPriority({ environmentId, slugs: ["admin", "member"] });
    expect(await members.rolesIn(other)).toEqual({ ann: ["admin", "member"] });
    expect(await members.rolesIn(scope)).toEqual({ ann: ["org-own", "member", "admin"] });
  });

  test("a membership ends, and only that one", async () => {
    const scope = await acme();
    const other = { ...scope, organizationId: "initech" };
    for (const where of [scope, other]) for (const userId of ["ann", "bob"]) await members.set(where, userId, "admin");
    expect(await stage.memberships.deleteMembership({ ...scope, userId: "ann" })).toEqual({});
    expect(await members.rolesIn(scope)).toEqual({ bob: ["admin"] });
    expect(await members.rolesIn(other)).toEqual({ ann: ["admin"], bob: ["admin"] });
    const read = { ...scope, userId: "ann" };
    for (const call of [
      () => stage.memberships.getMembership(read),
      () => stage.memberships.deleteMembership(read),
      () => stage.access.getAccess(read),
    ])
      expect(await failureOf(call())).toMatchObject(notFound(organizationId, "ann"));
    expect((await members.set(scope, "ann")).roleSlugs).toEqual(["member"]);
  });

  test("who is no member is not found, in organizations with data and without", async () => {
    const { environmentId } = await acme();
    for (const organization of ["globex", "never-seen"]) {
      const key = { environmentId, organizationId: organization, userId: "ann" };
      for (const call of [() => stage.memberships.getMembership(key), () => stage.memberships.deleteMembership(key)])
        expect(await failureOf(call())).toMatchObject(notFound(organization, "ann"));
    }
  });

  test("the last membership takes an inheriting organization with it, and leaves an own configuration", async () => {
    const scope = await acmeAlone();
    await members.set(scope, "ann", "admin");
    await stage.memberships.deleteMembership({ ...scope, userId: "ann" });
    const globex = { ...scope, organizationId: "globex" };
    await stage.memberships.deleteGroupRole({ ...globex, groupId: "staff" });
    await stage.memberships.deleteMembership({ ...globex, userId: "gil" });
    const { config } = await stage.roles.listOrgRoles(globex);
    expect(config).toMatchObject({ inheritsEnvironment: false, priorityOrder: ["member", "admin", "org-auditor"] });
    expect(await failureOf(stage.environments.deleteEnvironment(scope))).toMatchObject({
      reason: "ENVIRONMENT_NOT_EMPTY",
      metadata: { environment_id: scope.environmentId, organization_count: "1" },
    });
  });

  test("members are listed in the order of their ids' bytes, all or those of a role", async () => {
    const scope = await acme();
    await members.allowSeveral(scope.environmentId, true);
    await members.customRoles(scope, "org-own");
    const users = {
      "u-b": ["admin"],
      "u-B": ["member"],
      "u~": ["org-own", "admin"],
      "u!": ["admin"],
      u_1: ["org-own"],
    };
    for (const [userId, slugs] of Object.entries(users)) await members.set(scope, userId, ...slugs);
    const usersOf = async (roleSlug?: string) => {
      const { memberships, nextPageToken } = await stage.memberships.listMemberships({ ...scope, roleSlug });
      expect(nextPageToken).toBe("");
      return memberships.map(({ userId }) => userId);
    };
    expect(await usersOf()).toEqual(["u!", "u-B", "u-b", "u_1", "u~"]);
    expect(await usersOf("admin")).toEqual(["u!", "u-b", "u~"]);
    expect(await usersOf("org-own")).toEqual(["u_1", "u~"]);
    await members.set(scope, "u-B", "admin");
    expect(await usersOf("member")).toEqual([]);
    await members.rolesIn(scope);
  });

  test("an organization without members has an empty list", async () => {
    const scope = await acme();
    const empty = { memberships: [], nextPageToken: "" };
    expect(await stage.memberships.listMemberships(scope)).toEqual(empty);
    expect(await stage.memberships.listMemberships({ ...scope, roleSlug: "admin" })).toEqual(empty);
  });

  test("a list of the members of a role that is not there is refused", async () => {
    const scope = await acme();
    for (const organization of ["acme", "globex"])
      for (const roleSlug of ["viewer", organization === "acme" ? "org-auditor" : "org-own"]) {
        const list = { ...scope, organizationId: organization, roleSlug };
        expect(await failureOf(stage.memberships.listMemberships(list))).toMatchObject({
          code: "NOT_FOUND",
          reason: "ROLE_NOT_FOUND",
          metadata: { slug: roleSlug },
        });
      }
  });

  test("a token for the members of one role is none for those of another, or of another organization", async () => {
    const scope = await acme();
    for (const userId of ["ann", "bob"]) await members.set(scope, userId, "admin");
    const list = { ...scope, roleSlug: "admin", pageSize: 1 };
    const { nextPageToken: pageToken } = await stage.memberships.listMemberships(list);
    expect(present((await stage.memberships.listMemberships({ ...list, pageToken })).memberships[0]).userId).toBe(
      "bob",
    );
    for (const other of [{ roleSlug: "member" }, { roleSlug: undefined }, { organizationId: "globex" }])
      expect(await failureOf(stage.memberships.listMemberships({ ...list, ...other, pageToken }))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "PAGE_TOKEN_INVALID",
        violations: [{ field: "page_token" }],
      });
  });
});
