import { failureOf } from "../support/client";
import { deletionsOn } from "../support/deletions";
import { engines } from "../support/engines";
import { organizationIn } from "../support/stage";

describe.each(engines)("on $name", (engine) => {
  const { stage, members, begin, own, remove } = deletionsOn(engine);

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
});
