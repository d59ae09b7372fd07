import { failureOf } from "../support/client";
import { deletionsOn } from "../support/deletions";
import { engines } from "../support/engines";
import { organizationIn } from "../support/stage";

describe.each(engines)("on $name", (engine) => {
  const { stage, members, begin, own, remove } = deletionsOn(engine);

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
});
