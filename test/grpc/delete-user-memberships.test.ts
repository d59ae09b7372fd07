import { randomUUID } from "node:crypto";
import { createServices } from "../../src/app/services";
import { type Call, ownCall } from "../../src/application/request/idempotency";
import { defaultQuotas } from "../../src/domain/limits";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { membersOn } from "../support/members";
import { failureOf } from "../support/client";
import { stageOn } from "../support/stage";
import { type TestStorage, openStorage } from "../support/storage";

/** Returns a call that runs a function before each of its statements. */
const watched = (beforeStatement: (number: number) => void): Call => {
  let number = 0;
  const throwIfAborted = () => beforeStatement((number += 1));
  return { ...ownCall, fingerprint: () => "same", signal: { throwIfAborted } };
};

class CutOff extends Error {}

describe.each(engines)("on $name", (engine) => {
  describe("the end of all memberships of a user", () => {
    const stage = stageOn(engine);
    const { set, map, customRoles } = membersOn(stage);
    test("reaches every organization of the environment, and nobody else", async () => {
      const environmentId = await stage.environment();
      const other = await stage.changingEnvironment();
      const at = (organizationId: string) => ({ environmentId, organizationId });
      await customRoles(at("own"), "org-lead");
      await set(at("own"), "ann", "org-lead");
      await set(at("alone"), "ann");
      await map(at("mapped"), "staff", "admin");
      for (const organizationId of ["mapped", "acme"]) await set(at(organizationId), "ann", "admin");
      for (const userId of ["bob", "Ann"]) await set(at("acme"), userId);
      await set({ environmentId: other, organizationId: "acme" }, "ann");

      const ended = await stage.memberships.deleteUserMemberships({ environmentId, userId: "ann" });
      expect(ended).toEqual({ deletedCount: 4 });
      const left = await stage.memberships.listUserMemberships({ environmentId, userId: "ann" });
      expect(left.memberships).toEqual([]);
      const { organizations } = await stage.environments.listOrganizations({ environmentId });
      expect(organizations.map((one) => one.organizationId)).toEqual(["acme", "globex", "mapped", "own"]);
      const inAcme = await stage.memberships.listMemberships(at("acme"));
      expect(inAcme.memberships.map(({ userId }) => userId)).toEqual(["Ann", "bob"]);
      const elsewhere = await stage.memberships.listUserMemberships({ environmentId: other, userId: "ann" });
      expect(elsewhere.memberships).toHaveLength(1);

      const { events } = await stage.events.listEvents({ environmentId, userId: "ann", types: ["membership.deleted"] });
      expect(events.map((event) => event.organizationId).toSorted()).toEqual(["acme", "alone", "mapped", "own"]);
      for (const { change, organizationId } of events) {
        const membership = change?.$case === "membership" ? change.value : undefined;
        expect(membership?.before).toMatchObject({ organizationId, userId: "ann" });
        expect(membership?.after).toBeUndefined();
      }
      expect(await stage.memberships.deleteUserMemberships({ environmentId, userId: "ann" })).toEqual({
        deletedCount: 0,
      });
      const unknown = stage.memberships.deleteUserMemberships({ environmentId: "none", userId: "ann" });
      expect(await failureOf(unknown)).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
    });

    test("is answered again for a request id, and does not end what began after it", async () => {
      const environmentId = await stage.environment();
      const scope = { environmentId, organizationId: "acme" };
      const request = { environmentId, userId: "ann", requestId: randomUUID() };
      await set(scope, "ann");
      expect(await stage.memberships.deleteUserMemberships(request)).toEqual({ deletedCount: 1 });
      await set(scope, "ann");
      expect(await stage.memberships.deleteUserMemberships(request)).toEqual({ deletedCount: 1 });
      expect((await stage.memberships.listMemberships(scope)).memberships).toHaveLength(1);
      const reused = stage.memberships.deleteUserMemberships({ ...request, userId: "bob" });
      expect(await failureOf(reused)).toMatchObject({ reason: "REQUEST_ID_REUSED" });
    });

    test.each([undefined, randomUUID()])(
      "that several call at once counts each membership once (request_id: %s)",
      async (requestId) => {
        const environmentId = await stage.environment();
        const request = { environmentId, userId: "ann", requestId };
        const wanted = many(90, (index) => ({ organizationId: `o${index}`, userId: "ann", roleSlugs: [] }));
        await stage.memberships.batchSetMemberRoles({ environmentId, memberships: wanted });
        const answers = await Promise.all(many(4, () => stage.memberships.deleteUserMemberships(request)));
        expect(answers.reduce((sum, { deletedCount }) => sum + deletedCount, 0)).toBe(90);
        const { organizations } = await stage.environments.listOrganizations({ environmentId });
        expect(organizations.map((one) => one.organizationId)).toEqual(["globex"]);
        const again = await stage.memberships.deleteUserMemberships(request);
        expect(requestId ? answers : [{ deletedCount: 0 }]).toContainEqual(again);
      },
    );
  });

  describe("in parts", () => {
    let storage: TestStorage;
    let services: ReturnType<typeof createServices>;
    let now = Date.now();
    const userId = "ann";
    beforeAll(async () => {
      storage = await openStorage(engine);
      services = createServices(storage.database, defaultQuotas, () => (now += 1));
    });
    afterAll(() => storage?.drop());

    /** Makes an environment where the user is in 50 organizations, in three parts. */
    const crowd = async () => {
      const environmentId = `e-${randomUUID()}`;
      await services.environments.createEnvironment({ environmentId, displayName: "" }, ownCall);
      const wanted = many(50, (index) => ({ organizationId: `o${index}`, userId, roleSlugs: [] }));
      await services.memberships.batchSetMemberRoles({ environmentId, memberships: wanted }, ownCall);
      return environmentId;
    };
    const left = async (environmentId: string) => {
      const page = { environmentId, userId, pageSize: 1000, pageToken: "" };
      const { items } = await services.memberships.listUserMemberships(page, ownCall);
      return items.map(({ organizationId }) => organizationId as string);
    };
    test("a call that is cut off has ended whole parts, and its repetition goes on", async () => {
      const environmentId = await crowd();
      const request = { environmentId, userId, requestId: randomUUID() };
      let ended = 0;
      let cuts = 0;
      const sizes = new Set<number>();
      for (let most = 1; ; most += 7) {
        const before = await left(environmentId);
        const call = watched((number) => {
          if (number > most) throw new CutOff();
        });
        try {
          const { deletedCount } = await services.memberships.deleteUserMemberships(request, call);
          expect(deletedCount).toBe(before.length);
          expect(await left(environmentId)).toEqual([]);
          ended += deletedCount;
          break;
        } catch (error) {
          expect(error).toBeInstanceOf(CutOff);
          const after = await left(environmentId);
          ended += before.length - after.length;
          sizes.add(before.length - after.length);
          cuts += 1;
        }
      }
      expect(ended).toBe(50);
      expect(cuts).toBeGreaterThan(5);
      for (const size of sizes) expect([0, 20, 10]).toContain(size);
      await services.memberships.setMemberRoles(
        { environmentId, organizationId: "o0", userId, roleSlugs: [] },
        ownCall,
      );
      const again = await services.memberships.deleteUserMemberships(
        request,
        watched(() => undefined),
      );
      expect(await left(environmentId)).toEqual(["o0"]);
      expect(again.deletedCount).toBeLessThanOrEqual(50);
    });

    test("memberships that begin after the call stay", async () => {
      const environmentId = await crowd();
      const begun: Promise<boolean>[] = [];
      const again = { environmentId, organizationId: "o49", userId };
      const restart = async () => {
        const wasMember = await services.memberships.deleteMembership(again, ownCall).then(
          () => true,
          () => false, // the call has ended it before
        );
        await services.memberships.setMemberRoles({ ...again, roleSlugs: [] }, ownCall);
        await services.memberships.setMemberRoles({ ...again, organizationId: "new", roleSlugs: [] }, ownCall);
        return wasMember;
      };
      const call = watched((number) => {
        // the memberships of the beginning have been read by then
        if (number !== 8) return;
        begun.push(restart());
      });
      const { deletedCount } = await services.memberships.deleteUserMemberships({ environmentId, userId }, call);
      const [wasMember] = await Promise.all(begun);
      expect(await left(environmentId)).toEqual(["new", "o49"]);
      expect(deletedCount).toBe(wasMember ? 49 : 50);
    });
  });
});
