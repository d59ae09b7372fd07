import { failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type Scope, membersOn } from "../support/members";
import { organizationIn, present, stageOn } from "../support/stage";
import { until } from "../support/until";

const notEmpty = (environmentId: string, count: number) => ({
  code: "FAILED_PRECONDITION",
  reason: "ENVIRONMENT_NOT_EMPTY",
  metadata: { environment_id: environmentId, organization_count: String(count) },
  preconditions: [{ type: "NO_ORGANIZATION_DATA", subject: `environments/${environmentId}` }],
});

describe.each(engines)("on $name", (engine) => {
  const stage = stageOn(engine);
  const members = membersOn(stage);

  /** An environment with the roles member (default), admin, viewer and editor, and three organizations of it. */
  const begin = async () => {
    const environmentId = await stage.changingEnvironment();
    await members.environmentRoles(environmentId, "viewer", "editor");
    const scope = (organizationId: string): Scope => ({ environmentId, organizationId });
    return { environmentId, acme: scope("acme"), initech: scope("initech"), globex: scope("globex") };
  };
  /** Gives an organization its own configuration, with this default. */
  const own = async (scope: Scope, slug: string) => {
    await members.customRoles(scope, "org-own");
    await stage.roles.setDefaultRole({ ...scope, slug });
  };
  const empty = async () => {
    const begun = await begin();
    await stage.environments.deleteOrganizationData(begun.globex);
    return begun;
  };
  const remove = (environmentId: string, slug: string, replacementDefaultRoleSlug?: string) =>
    stage.roles.deleteEnvironmentRole({ environmentId, slug, replacementDefaultRoleSlug });

  describe("DeleteEnvironmentRole", () => {
    test("who had the role alone gets the default, who had others keeps just those, and groups lose it", async () => {
      const { environmentId, acme, initech, globex } = await begin();
      await own(initech, "org-own");
      await members.allowSeveral(environmentId, true);
      for (const scope of [acme, initech]) {
        await members.set(scope, "ann", "viewer");
        await members.set(scope, "bob", "viewer", "editor");
        await members.set(scope, "cyd", "admin", "viewer", "editor");
        await members.set(scope, "dan", "editor");
        await members.map(scope, "viewers", "viewer");
        await members.map(scope, "editors", "editor");
      }
      await members.set(globex, "ann", "viewer");
      const read = () => Promise.all([acme, initech, globex].map((scope) => organizationIn(stage, scope)));
      const before = await read();
      const request = { environmentId, slug: "viewer" };
      const preview = await stage.roles.deleteEnvironmentRole({ ...request, validateOnly: true });
      expect(preview).toEqual({ affectedOrganizationCount: 0, reassignedMembershipCount: 3, validateOnly: true });
      expect(await read()).toEqual(before);

      expect(await stage.roles.deleteEnvironmentRole(request)).toEqual({ ...preview, validateOnly: false });
      const others = { bob: ["editor"], cyd: ["admin", "editor"], dan: ["editor"] };
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"], ...others });
      expect(await members.rolesIn(initech)).toEqual({ ann: ["org-own"], ...others });
      expect(await members.rolesIn(globex)).toEqual({ ann: ["member"], gil: ["org-auditor"] });
      expect(await members.groupsIn(acme)).toEqual({ editors: "editor" });
      expect(await members.groupsIn(initech)).toEqual({ editors: "editor" });
    });

    test("what the role was the default of gives its members the replacement", async () => {
      const { environmentId, acme, initech, globex } = await begin();
      await own(initech, "admin");
      for (const scope of [acme, initech, globex]) await members.set(scope, "ann", "member");
      await members.set(acme, "bob", "admin");
      await members.set(acme, "cyd");
      const request = { environmentId, slug: "member", replacementDefaultRoleSlug: "editor" };
      const counts = { affectedOrganizationCount: 1, reassignedMembershipCount: 4 };
      expect(await stage.roles.deleteEnvironmentRole({ ...request, validateOnly: true })).toMatchObject(counts);
      expect(await stage.roles.deleteEnvironmentRole(request)).toMatchObject(counts);
      expect(await members.rolesIn(acme)).toEqual({ ann: ["editor"], bob: ["admin"], cyd: ["editor"] });
      expect(await members.rolesIn(initech)).toEqual({ ann: ["admin"] });
      expect(await members.rolesIn(globex)).toEqual({ ann: ["editor"], gil: ["org-auditor"] });
    });

    test("members alone do not make a role one that needs a replacement", async () => {
      const { environmentId, acme } = await begin();
      await members.set(acme, "ann", "editor");
      const request = { environmentId, slug: "editor" };
      expect(await stage.roles.deleteEnvironmentRole(request)).toMatchObject({ reassignedMembershipCount: 1 });
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
    });

    test("a deletion without its replacement changes no member", async () => {
      const { environmentId, acme } = await begin();
      await members.set(acme, "ann", "member");
      const before = await organizationIn(stage, acme);
      expect(await failureOf(remove(environmentId, "member"))).toMatchObject({
        code: "FAILED_PRECONDITION",
        reason: "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
        metadata: { slug: "member", affected_organization_count: "1", is_environment_default: "true" },
        preconditions: [{ type: "DEFAULT_ROLE", subject: "organizations/globex" }],
      });
      expect(await organizationIn(stage, acme)).toEqual(before);
    });

    test("a chain of deletions takes members along, and those who joined on the way", async () => {
      const { environmentId, acme, initech } = await begin();
      await own(initech, "viewer");
      for (const scope of [acme, initech]) await members.set(scope, "ann", "editor");
      await stage.roles.setDefaultRole({ environmentId, slug: "viewer" });
      expect(await remove(environmentId, "editor")).toMatchObject({ reassignedMembershipCount: 2 });
      await members.set(acme, "bob", "viewer");
      expect(await remove(environmentId, "viewer", "admin")).toMatchObject({
        affectedOrganizationCount: 1,
        reassignedMembershipCount: 3,
      });
      expect(await members.rolesIn(acme)).toEqual({ ann: ["admin"], bob: ["admin"] });
      await members.set(initech, "cyd", "member");
      expect(await remove(environmentId, "admin", "member")).toMatchObject({
        affectedOrganizationCount: 1,
        reassignedMembershipCount: 3,
      });
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"], bob: ["member"] });
      expect(await members.rolesIn(initech)).toEqual({ ann: ["member"], cyd: ["member"] });
    });

    test("each role of several may go in turn, and the last one leaves the default", async () => {
      const { environmentId, acme } = await begin();
      await members.allowSeveral(environmentId, true);
      await members.set(acme, "ann", "viewer", "editor", "admin");
      const counts: number[] = [];
      const roles: unknown[] = [];
      for (const slug of ["editor", "admin", "viewer"]) {
        counts.push((await remove(environmentId, slug)).reassignedMembershipCount);
        roles.push((await members.rolesIn(acme))["ann"]);
      }
      expect(counts).toEqual([0, 0, 1]);
      expect(roles).toEqual([["admin", "viewer"], ["viewer"], ["member"]]);
    });

    test("the default of that moment stays, whatever becomes the default later", async () => {
      const { environmentId, acme, initech } = await begin();
      await own(initech, "admin");
      for (const scope of [acme, initech]) await members.set(scope, "ann", "viewer");
      await remove(environmentId, "viewer");
      await stage.roles.setDefaultRole({ environmentId, slug: "editor" });
      await stage.roles.setDefaultRole({ ...initech, slug: "org-own" });
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
      expect(await members.rolesIn(initech)).toEqual({ ann: ["admin"] });
      await stage.roles.deleteOrgRole({ ...initech, slug: "org-own", replacementRoleSlug: "member" });
      await stage.roles.resetOrgRoleConfig(initech);
      await own(acme, "org-own");
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
      expect(await members.rolesIn(initech)).toEqual({ ann: ["admin"] });
    });

    test("an organization that took its own configuration before gives its own default, one that gave it back the environment's", async () => {
      const { environmentId, acme, initech } = await begin();
      for (const scope of [acme, initech]) {
        await members.set(scope, "ann", "viewer");
        await own(scope, "editor");
      }
      await stage.roles.deleteOrgRole({ ...initech, slug: "org-own" });
      await stage.roles.resetOrgRoleConfig(initech);
      await remove(environmentId, "viewer");
      expect(await members.rolesIn(acme)).toEqual({ ann: ["editor"] });
      expect(await members.rolesIn(initech)).toEqual({ ann: ["member"] });
    });

    test("a role of the same slug afterwards is nobody's, and no group's", async () => {
      const { environmentId, acme } = await begin();
      await members.set(acme, "ann", "viewer");
      await members.map(acme, "viewers", "viewer");
      await remove(environmentId, "viewer");
      await members.environmentRoles(environmentId, "viewer");
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
      expect(await members.groupsIn(acme)).toEqual({});
      expect((await members.sync(acme, "bob", "viewers")).roleSlugs).toEqual(["member"]);
      await members.map(acme, "viewers", "viewer");
      expect((await members.sync(acme, "bob", "viewers")).roleSlugs).toEqual(["viewer"]);
    });

    test("a group of a deleted role is not mapped", async () => {
      const { environmentId, acme } = await begin();
      for (const slug of ["viewer", "editor"]) await members.map(acme, `${slug}s`, slug);
      await remove(environmentId, "viewer");
      expect((await members.sync(acme, "ann", "viewers")).roleSlugs).toEqual(["member"]);
      expect((await members.sync(acme, "ann", "viewers", "editors")).roleSlugs).toEqual(["editor"]);
      const key = { ...acme, groupId: "viewers" };
      expect(await failureOf(stage.memberships.deleteGroupRole(key))).toMatchObject({
        code: "NOT_FOUND",
        reason: "GROUP_ROLE_NOT_FOUND",
        metadata: { organization_id: "acme", group_id: "viewers" },
      });
      const before = Date.now();
      const mapped = await members.map(acme, "viewers", "editor");
      expect(mapped.createTime?.getTime()).toBeGreaterThanOrEqual(before);
    });

    test("a deletion is no change that a member made: only roles and etag are others", async () => {
      const { environmentId, acme } = await begin();
      const before = await members.set(acme, "ann", "viewer");
      const other = await members.set(acme, "bob", "editor");
      await remove(environmentId, "viewer");
      const { memberships } = await stage.memberships.listMemberships(acme);
      const etag = memberships[0]?.etag;
      expect(memberships).toEqual([{ ...before, roleSlugs: ["member"], primaryRoleSlug: "member", etag }, other]);
      expect(etag).not.toBe(before.etag);
    });

    test("its permissions are gone in the same moment, and the default's are there", async () => {
      const { environmentId, acme } = await begin();
      await stage.roles.addRolePermissions({ environmentId, slug: "member", permissions: ["reports:read"] });
      await members.set(acme, "ann", "admin");
      await remove(environmentId, "admin");
      const key = { ...acme, userId: "ann" };
      expect(await stage.access.getAccess(key)).toEqual({
        role: "member",
        roles: ["member"],
        permissions: ["reports:read"],
      });
      expect(await stage.access.checkPermission({ ...key, permission: "invoices:read" })).toEqual({
        allowed: false,
        grantedBy: [],
        nearestRoles: [],
        reason: "PERMISSION_NOT_GRANTED",
      });
    });

    test("more than a thousand members are counted and moved at once", async () => {
      const { environmentId, acme, initech } = await begin();
      await members.allowSeveral(environmentId, true);
      const batch = (slugs: string[], scope: Scope) =>
        stage.memberships.batchSetMemberRoles({
          environmentId,
          memberships: Array.from({ length: 1000 }, (_, index) => ({
            organizationId: scope.organizationId,
            userId: `u${index}`,
            roleSlugs: slugs,
          })),
        });
      await batch(["viewer"], acme);
      await batch(["viewer", "editor"], initech);
      await members.set(acme, "zoe", "viewer");
      expect(await remove(environmentId, "editor")).toMatchObject({ reassignedMembershipCount: 0 });
      expect(await remove(environmentId, "viewer")).toMatchObject({ reassignedMembershipCount: 2001 });
      const list = { ...acme, roleSlug: "member", pageSize: 1000 };
      const { memberships, nextPageToken } = await stage.memberships.listMemberships(list);
      expect(memberships).toHaveLength(1000);
      const rest = await stage.memberships.listMemberships({ ...list, pageToken: nextPageToken });
      expect(rest).toMatchObject({ memberships: [{ userId: "zoe", roleSlugs: ["member"] }], nextPageToken: "" });
    });
  });

  describe("DeleteOrgRole", () => {
    test.each([
      ["members and groups", 2, 1],
      ["members", 1, 0],
      ["groups", 0, 2],
    ])("a role with %s is in use, and nothing changes", async (_, memberCount, groupCount) => {
      const { environmentId, acme } = await begin();
      await members.allowSeveral(environmentId, true);
      await members.customRoles(acme, "org-own");
      for (let index = 0; index < memberCount; index += 1)
        await members.set(acme, `user-${index}`, "org-own", ...(index ? ["admin"] : []));
      for (let index = 0; index < groupCount; index += 1) await members.map(acme, `group-${index}`, "org-own");
      await members.set(acme, "other", "admin");
      await members.map(acme, "others", "admin");
      const before = await organizationIn(stage, acme);
      for (const validateOnly of [true, false])
        expect(await failureOf(stage.roles.deleteOrgRole({ ...acme, slug: "org-own", validateOnly }))).toMatchObject({
          code: "FAILED_PRECONDITION",
          reason: "ROLE_IN_USE",
          metadata: {
            slug: "org-own",
            membership_count: String(memberCount),
            group_role_count: String(groupCount),
          },
          preconditions: [{ type: "ROLE_UNUSED", subject: "roles/org-own" }],
        });
      expect(await organizationIn(stage, acme)).toEqual(before);
    });

    test("a default role in use is refused as the default", async () => {
      const { acme } = await begin();
      await own(acme, "org-own");
      await members.set(acme, "ann", "org-own");
      expect(await failureOf(stage.roles.deleteOrgRole({ ...acme, slug: "org-own" }))).toMatchObject({
        code: "FAILED_PRECONDITION",
        reason: "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
        metadata: { slug: "org-own", affected_organization_count: "1", is_environment_default: "false" },
        preconditions: [{ type: "DEFAULT_ROLE", subject: "organizations/acme" }],
      });
    });

    test.each(["org-other", "admin"])("members, groups and default move to %s at once", async (replacement) => {
      const { environmentId, acme, initech } = await begin();
      await members.allowSeveral(environmentId, true);
      for (const scope of [acme, initech]) {
        await members.customRoles(scope, "org-other");
        await own(scope, "org-own");
        await members.set(scope, "ann", "org-own");
        await members.set(scope, "bob", "org-own", replacement, "editor");
        await members.set(scope, "cyd", "editor");
        await members.map(scope, "owners", "org-own");
        await members.map(scope, "editors", "editor");
      }
      const elsewhere = await organizationIn(stage, initech);
      const request = { ...acme, slug: "org-own", replacementRoleSlug: replacement };
      const before = await organizationIn(stage, acme);
      const preview = await stage.roles.deleteOrgRole({ ...request, validateOnly: true });
      expect(preview).toEqual({ reassignedMembershipCount: 2, movedGroupRoleCount: 1, validateOnly: true });
      expect(await organizationIn(stage, acme)).toEqual(before);

      expect(await stage.roles.deleteOrgRole(request)).toEqual({ ...preview, validateOnly: false });
      const both = replacement === "admin" ? ["admin", "editor"] : ["editor", "org-other"];
      expect(await members.rolesIn(acme)).toEqual({ ann: [replacement], bob: both, cyd: ["editor"] });
      expect(await members.groupsIn(acme)).toEqual({ owners: replacement, editors: "editor" });
      expect((await members.sync(acme, "dan", "owners")).roleSlugs).toEqual([replacement]);
      expect((await members.set(acme, "eve")).roleSlugs).toEqual([replacement]);
      expect(await organizationIn(stage, initech)).toEqual(elsewhere);
    });

    test("a chain of replacements leads members and groups to the role that is left", async () => {
      const { environmentId, acme } = await begin();
      await members.customRoles(acme, "org-a", "org-b", "org-c");
      for (const slug of ["org-a", "org-b"]) {
        await members.set(acme, `has-${slug}`, slug);
        await members.map(acme, `${slug}s`, slug);
      }
      const replace = (slug: string, replacementRoleSlug: string) =>
        stage.roles.deleteOrgRole({ ...acme, slug, replacementRoleSlug });
      expect(await replace("org-a", "org-b")).toMatchObject({ reassignedMembershipCount: 1, movedGroupRoleCount: 1 });
      expect(await failureOf(stage.roles.deleteOrgRole({ ...acme, slug: "org-b" }))).toMatchObject({
        reason: "ROLE_IN_USE",
        metadata: { membership_count: "2", group_role_count: "2" },
      });
      expect(await replace("org-b", "org-c")).toMatchObject({ reassignedMembershipCount: 2, movedGroupRoleCount: 2 });
      expect(await replace("org-c", "editor")).toMatchObject({ reassignedMembershipCount: 2, movedGroupRoleCount: 2 });
      expect(await members.rolesIn(acme)).toEqual({ "has-org-a": ["editor"], "has-org-b": ["editor"] });
      expect(await members.groupsIn(acme)).toEqual({ "org-as": "editor", "org-bs": "editor" });

      expect(await remove(environmentId, "editor")).toMatchObject({ reassignedMembershipCount: 2 });
      expect(await members.rolesIn(acme)).toEqual({ "has-org-a": ["member"], "has-org-b": ["member"] });
      expect(await members.groupsIn(acme)).toEqual({});
    });

    test("a role of the same slug afterwards is nobody's, and no group's", async () => {
      const { acme } = await begin();
      await members.customRoles(acme, "org-own");
      await members.set(acme, "ann", "org-own");
      await members.map(acme, "owners", "org-own");
      await stage.roles.deleteOrgRole({ ...acme, slug: "org-own", replacementRoleSlug: "viewer" });
      await members.customRoles(acme, "org-own");
      expect(await members.rolesIn(acme)).toEqual({ ann: ["viewer"] });
      expect(await members.groupsIn(acme)).toEqual({ owners: "viewer" });
      expect(await stage.roles.deleteOrgRole({ ...acme, slug: "org-own" })).toMatchObject({
        reassignedMembershipCount: 0,
        movedGroupRoleCount: 0,
      });
    });

    test("a role that all have left is not in use", async () => {
      const { environmentId, acme } = await begin();
      await members.customRoles(acme, "org-own");
      for (const userId of ["ann", "bob"]) await members.set(acme, userId, "org-own");
      for (const groupId of ["one", "two"]) await members.map(acme, groupId, "org-own");
      await members.set(acme, "ann", "member");
      await stage.memberships.deleteMembership({ ...acme, userId: "bob" });
      await members.map(acme, "one", "admin");
      await stage.memberships.deleteGroupRole({ ...acme, groupId: "two" });
      await members.set({ environmentId, organizationId: "initech" }, "ann", "admin");
      await stage.roles.deleteOrgRole({ ...acme, slug: "org-own" });
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
    });

    test("members whom a deletion in the environment made members of the custom default count", async () => {
      const { environmentId, acme } = await begin();
      await own(acme, "org-own");
      await members.set(acme, "ann", "viewer");
      await remove(environmentId, "viewer");
      await stage.roles.setDefaultRole({ ...acme, slug: "member" });
      expect(await failureOf(stage.roles.deleteOrgRole({ ...acme, slug: "org-own" }))).toMatchObject({
        reason: "ROLE_IN_USE",
        metadata: { slug: "org-own", membership_count: "1", group_role_count: "0" },
      });
      await stage.roles.deleteOrgRole({ ...acme, slug: "org-own", replacementRoleSlug: "editor" });
      expect(await members.rolesIn(acme)).toEqual({ ann: ["editor"] });
    });
  });

  test("a deleted permission is nobody's in the same moment, and stays so when its slug is used again", async () => {
    const { environmentId, acme } = await begin();
    await stage.roles.createRole({ ...acme, slug: "org-own", name: "Own", permissions: ["invoices:read"] });
    await members.set(acme, "ann", "admin");
    await members.set(acme, "bob", "org-own");
    const key = { environmentId, slug: "invoices:read" };
    expect(await stage.permissions.deletePermission(key)).toEqual({ affectedRoleCount: 2 });
    const check = async (userId: string) => {
      const { permissions } = await stage.access.getAccess({ ...acme, userId });
      return [permissions, await stage.access.checkPermission({ ...acme, userId, permission: key.slug })];
    };
    const refused = { allowed: false, grantedBy: [], nearestRoles: [] };
    for (const userId of ["ann", "bob"])
      expect(await check(userId)).toEqual([[], { ...refused, reason: "PERMISSION_UNKNOWN" }]);
    await stage.permissions.createPermission({ ...key, name: "Again" });
    for (const userId of ["ann", "bob"])
      expect(await check(userId)).toEqual([[], { ...refused, reason: "PERMISSION_NOT_GRANTED" }]);
  });

  describe("DeleteOrganizationData", () => {
    test("members and groups go with everything else, and the organization starts anew", async () => {
      const { environmentId, acme, initech } = await begin();
      await own(acme, "org-own");
      for (const scope of [acme, initech]) {
        for (const userId of ["ann", "bob", "cyd"]) await members.set(scope, userId, "editor");
        await members.map(scope, "staff", "editor");
      }
      const untouched = await organizationIn(stage, initech);
      const counts = { deletedRoleCount: 1, deletedMembershipCount: 3 };
      expect(await stage.environments.deleteOrganizationData(acme)).toEqual(counts);
      expect(await members.rolesIn(acme)).toEqual({});
      expect(await members.groupsIn(acme)).toEqual({});
      expect(await failureOf(stage.access.getAccess({ ...acme, userId: "ann" }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "MEMBERSHIP_NOT_FOUND",
        metadata: { organization_id: "acme", user_id: "ann" },
      });
      expect(await remove(environmentId, "editor")).toMatchObject({ reassignedMembershipCount: 3 });
      expect(await stage.environments.deleteOrganizationData(acme)).toEqual({
        deletedRoleCount: 0,
        deletedMembershipCount: 0,
      });

      const before = Date.now();
      const again = await members.sync(acme, "ann", "staff");
      expect(again).toMatchObject({ roleSlugs: ["member"], updateTime: again.createTime });
      expect(again.createTime?.getTime()).toBeGreaterThanOrEqual(before);
      expect(await members.rolesIn(acme)).toEqual({ ann: ["member"] });
      expect(untouched[0]).toMatchObject({ memberships: [{ roleSlugs: ["editor"] }, {}, {}] });
      const reassigned = { ann: ["member"], bob: ["member"], cyd: ["member"] };
      expect(await members.rolesIn(initech)).toEqual(reassigned);
    });

    test("an organization with only members, or only groups, has data", async () => {
      const { acme, initech } = await begin();
      await members.set(acme, "ann", "admin");
      await members.map(initech, "staff", "admin");
      const counts = { deletedRoleCount: 0, deletedMembershipCount: 1 };
      expect(await stage.environments.deleteOrganizationData(acme)).toEqual(counts);
      expect(await stage.environments.deleteOrganizationData(initech)).toEqual({
        ...counts,
        deletedMembershipCount: 0,
      });
      expect(await members.groupsIn(initech)).toEqual({});
    });
  });

  describe("DeleteEnvironment", () => {
    test("members and mapped groups are data, until the last of them goes", async () => {
      const { environmentId, acme, initech } = await empty();
      await members.set(acme, "ann", "admin");
      await members.map(acme, "staff", "admin");
      await members.map(initech, "staff", "admin");
      const attempt = () => failureOf(stage.environments.deleteEnvironment({ environmentId }));
      expect(await attempt()).toMatchObject(notEmpty(environmentId, 2));
      await stage.memberships.deleteGroupRole({ ...initech, groupId: "staff" });
      expect(await attempt()).toMatchObject(notEmpty(environmentId, 1));
      await stage.memberships.deleteMembership({ ...acme, userId: "ann" });
      expect(await attempt()).toMatchObject(notEmpty(environmentId, 1));
      await stage.memberships.deleteGroupRole({ ...acme, groupId: "staff" });
      expect(await stage.environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
    });

    test("a group that lost its role in a deletion is no data", async () => {
      const { environmentId, acme } = await empty();
      await members.map(acme, "viewers", "viewer");
      await members.set(acme, "ann", "member");
      await remove(environmentId, "viewer");
      expect(await members.groupsIn(acme)).toEqual({});
      await stage.memberships.deleteMembership({ ...acme, userId: "ann" });
      expect(await stage.environments.deleteEnvironment({ environmentId })).toEqual({ deletedOrganizationCount: 0 });
    });

    test("an organization of which only such groups are left is forgotten by itself", async () => {
      const { environmentId, acme } = await empty();
      await members.map(acme, "viewers", "viewer");
      await remove(environmentId, "viewer");
      const answer = await until("the sweep has come by", () =>
        stage.environments.deleteEnvironment({ environmentId }),
      );
      expect(answer).toEqual({ deletedOrganizationCount: 0 });
    });

    test("by force members go too, and an environment of the same id has none of them", async () => {
      const { environmentId, acme } = await empty();
      await members.set(acme, "ann", "member");
      await members.map(acme, "staff", "member");
      expect(await stage.environments.deleteEnvironment({ environmentId, force: true })).toEqual({
        deletedOrganizationCount: 1,
      });
      expect(await failureOf(stage.access.getAccess({ ...acme, userId: "ann" }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "ENVIRONMENT_NOT_FOUND",
        metadata: { environment_id: environmentId },
      });
      await stage.environments.createEnvironment({ environmentId });
      expect(await members.rolesIn(acme)).toEqual({});
      expect(await members.groupsIn(acme)).toEqual({});
      const first = present(await members.set(acme, "ann"));
      expect(first.updateTime).toEqual(first.createTime);
    });
  });
});
