import { failureOf } from "../support/client";
import { deletionsOn } from "../support/deletions";
import { engines } from "../support/engines";
import type { Scope } from "../support/members";
import { organizationIn } from "../support/stage";

describe.each(engines)("on $name", (engine) => {
  const { stage, members, begin, own, remove } = deletionsOn(engine);

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
});
