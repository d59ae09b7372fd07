import { failureOf } from "../support/client";
import { deletionsOn } from "../support/deletions";
import { engines } from "../support/engines";
import { present } from "../support/stage";
import { until } from "../support/until";

const notEmpty = (environmentId: string, count: number) => ({
  code: "FAILED_PRECONDITION",
  reason: "ENVIRONMENT_NOT_EMPTY",
  metadata: { environment_id: environmentId, organization_count: String(count) },
  preconditions: [{ type: "NO_ORGANIZATION_DATA", subject: `environments/${environmentId}` }],
});

describe.each(engines)("on $name", (engine) => {
  const { stage, members, begin, remove } = deletionsOn(engine);

  const empty = async () => {
    const begun = await begin();
    await stage.environments.deleteOrganizationData(begun.globex);
    return begun;
  };

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
