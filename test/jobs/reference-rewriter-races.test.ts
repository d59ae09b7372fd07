import { pino } from "pino";
import { ReferenceRewriterJob } from "../../src/jobs/reference-rewriter-job";
import { leasesOn } from "../../src/persistence/lease";
import { TypeormOrganizationStore } from "../../src/persistence/stores/organization-store";
import { TypeormRoleStore } from "../../src/persistence/stores/role-store";
import { servers } from "../support/engines";
import { many } from "../support/many";
import { openStorage, waitsForLock } from "../support/storage";
import { type Scope, RewritingStage, call, organizations, spread } from "./rewriting-stage";

afterEach(() => jest.restoreAllMocks());

describe.each(servers)("sweepers and changes that meet on $name", (engine) => {
  test("two of them and writers do not get in each other's way", async () => {
    const storage = await openStorage(engine);
    const second = await openStorage(engine, storage.at);
    try {
      const stage = new RewritingStage(storage);
      const environmentId = await stage.environment();
      const uid = await stage.uidOf(environmentId);
      await stage.setMembers(
        environmentId,
        spread(2500, () => ["leaving"]),
      );
      await stage.deleteRole(environmentId, "leaving");
      const before = await stage.everything(environmentId);

      const sweepers = [stage, new RewritingStage(second)].map(
        ({ services, storage: { database } }) =>
          new ReferenceRewriterJob(services.rewriter, leasesOn(database), pino({ level: "silent" })),
      );
      const sweeping = { over: false };
      const write = async (index: number) => {
        let count = 0;
        do {
          const organizationId = organizations[(index + count) % organizations.length] ?? "";
          const scope = { environmentId, organizationId, userId: `user-new-${index}-${count}` };
          await stage.services.memberships.setMemberRoles({ ...scope, roleSlugs: ["admin"] }, call);
          await stage.services.memberships.deleteMembership(scope, call);
          count += 1;
        } while (!sweeping.over);
        return count;
      };
      const writers = Promise.all(many(2, write));
      const passes = await Promise.all(sweepers.map((sweeper) => sweeper.pass())).finally(() => {
        sweeping.over = true;
      });
      for (const count of await writers) expect(count).toBeGreaterThan(0);
      expect(passes.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(2500);
      expect(await stage.left(uid)).toBe(0);
      expect(await stage.everything(environmentId)).toEqual(before);
    } finally {
      await second.close();
      await storage.drop();
    }
  });

  test("a deletion and an end of multiple roles do not come between what a step reads", async () => {
    const storage = await openStorage(engine);
    try {
      const stage = new RewritingStage(storage);
      const environmentId = await stage.environment();
      const organizationId = "org-0";
      const slugs = ["leaving", "staying", "admin", "member", "org-own"];
      await stage.services.roles.setPriority({ environmentId, organizationId, slugs }, call);
      const roleSlugs = ["leaving", "staying", "admin"];
      await stage.setMembers(environmentId, [{ organizationId, userId: "ann", roleSlugs }]);
      await stage.deleteRole(environmentId, "admin");

      const listOfEnvironment = Reflect.get(TypeormRoleStore.prototype, "listOfEnvironment");
      let reads = 0;
      let changes: Promise<void> | undefined;
      jest.spyOn(TypeormRoleStore.prototype, "listOfEnvironment").mockImplementation(async function (
        this: TypeormRoleStore,
        ...key
      ) {
        const found = await listOfEnvironment.apply(this, key);
        reads += 1;
        if (reads === 2) {
          changes = stage.deleteRole(environmentId, "leaving").then(() => stage.setMultiple(environmentId, false));
          await Promise.race([changes, waitsForLock(storage)]);
        }
        return found;
      });
      expect(await stage.services.rewriter.step(await stage.uidOf(environmentId))).toBe(1);
      expect(changes).toBeDefined();
      await changes;
      const [ann] = await stage.membersOf(environmentId, organizationId);
      expect(ann?.roleSlugs).toEqual(["staying"]);
    } finally {
      await storage.drop();
    }
  });

  test("an environment where nothing can be forgotten yet is looked at, and not written to", async () => {
    const storage = await openStorage(engine);
    try {
      const stage = new RewritingStage(storage);
      const environmentId = await stage.environment();
      const uid = await stage.uidOf(environmentId);
      await stage.setMembers(
        environmentId,
        spread(30, () => ["leaving"]),
      );
      await stage.deleteRole(environmentId, "leaving");
      await stage.setMultiple(environmentId, false);
      const { rewriter } = stage.services;
      const sweeper = new ReferenceRewriterJob(rewriter, leasesOn(storage.database), pino({ level: "silent" }));
      expect(await sweeper.pass()).toBe(30);
      const state = () =>
        Promise.all([
          storage.query("SELECT revision FROM environments WHERE uid = ?", [uid]),
          stage.rowsOf("successions", uid),
        ]);
      const before = await state();
      for (const _ of many(3, () => undefined)) {
        expect(await sweeper.pass()).toBe(0);
        expect(await rewriter.step(uid)).toBe(0);
      }
      expect(await state()).toEqual(before);
      expect(await stage.remains(uid)).toEqual({ tombstones: ["leaving"], replaced: [], collapses: 1 });
    } finally {
      await storage.drop();
    }
  });

  test.each<
    [
      string,
      string,
      (stage: RewritingStage, scope: Scope) => Promise<unknown>,
      (stage: RewritingStage, id: string) => unknown,
    ]
  >([
    [
      "SetDefaultRole",
      "a deletion",
      ({ services }, scope) => services.roles.setDefaultRole({ ...scope, slug: "staying" }, call),
      (stage, environmentId) => stage.deleteRole(environmentId, "leaving"),
    ],
    [
      "ResetOrgRoleConfig",
      "a deletion",
      ({ services }, scope) => services.roles.resetOrgRoleConfig(scope, call),
      (stage, environmentId) => stage.deleteRole(environmentId, "leaving"),
    ],
    [
      "SetPriority",
      "the end of multiple roles",
      ({ services }, scope) =>
        services.roles.setPriority({ ...scope, slugs: ["staying", "member", "admin", "leaving"] }, call),
      (stage, environmentId) => stage.setMultiple(environmentId, false),
    ],
  ])("what %s changes has not happened yet when %s comes between, or has before it", async (_, __, change, stroke) => {
    const storage = await openStorage(engine);
    try {
      const stage = new RewritingStage(storage);
      const environmentId = await stage.environment();
      const organizationId = "org-0";
      const scope = { environmentId, organizationId };
      await stage.services.roles.deleteOrgRole({ ...scope, slug: "org-own", validateOnly: false }, call);
      await stage.services.roles.setDefaultRole({ ...scope, slug: "admin" }, call);
      await stage.setMembers(environmentId, [
        { organizationId, userId: "ann", roleSlugs: ["leaving"] },
        { organizationId, userId: "bob", roleSlugs: ["admin", "staying"] },
      ]);
      const shown = async () =>
        (await stage.membersOf(environmentId, organizationId)).map(({ roleSlugs }) => roleSlugs);
      const before = await shown();

      const saveOwn = Reflect.get(TypeormOrganizationStore.prototype, "saveOwn");
      let stricken: Promise<unknown> | undefined;
      let during: Awaited<ReturnType<typeof shown>> = [];
      jest.spyOn(TypeormOrganizationStore.prototype, "saveOwn").mockImplementation(async function (
        this: TypeormOrganizationStore,
        ...parameters
      ) {
        stricken ??= Promise.resolve(stroke(stage, environmentId));
        await Promise.race([stricken, waitsForLock(storage)]);
        during = await shown();
        return saveOwn.apply(this, parameters);
      });
      await change(stage, scope);
      expect(stricken).toBeDefined();
      await stricken;
      const after = await shown();
      expect(after).not.toEqual(before);
      expect([before, after]).toContainEqual(during);
    } finally {
      await storage.drop();
    }
  });
});
