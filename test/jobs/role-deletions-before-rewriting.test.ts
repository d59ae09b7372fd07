import { engines } from "../support/engines";
import { many } from "../support/many";
import { type TestStorage, openStorage } from "../support/storage";
import { RewritingStage, call, spread, watchWrites, wholePage } from "./rewriting-stage";

afterEach(() => jest.restoreAllMocks());

describe.each(engines)("the sweep on $name", (engine) => {
  let storage: TestStorage;
  let stage: RewritingStage;
  beforeAll(async () => {
    storage = await openStorage(engine);
  });
  beforeEach(() => {
    stage = new RewritingStage(storage);
  });
  afterAll(() => storage?.drop());

  test("DeleteOrgRole settles 1 300 members before it, in transactions of 500, and readers see one change", async () => {
    const environmentId = await stage.environment();
    const organizationId = "org-0";
    const { roles, memberships } = stage.services;
    await stage.setMembers(
      environmentId,
      many(1300, (index) => ({ organizationId, userId: `user-${index}`, roleSlugs: ["leaving"] })),
    );
    await roles.setDefaultRole({ environmentId, organizationId, slug: "org-own" }, call);
    await stage.deleteRole(environmentId, "leaving");
    const shown = async () => {
      const [page, list] = await Promise.all([
        memberships.listMemberships({ environmentId, organizationId, ...wholePage }, call),
        roles.listOrgRoles({ environmentId, organizationId, ...wholePage }),
      ]);
      const slugs = [...new Set(page.items.map(({ roleSlugs }) => roleSlugs.join()))];
      return { slugs, count: page.items.length, listed: list.items.map(({ slug }) => slug) };
    };
    expect((await shown()).slugs).toEqual(["org-own"]);

    const writes = watchWrites();
    const reading = { over: false };
    const seen: string[] = [];
    const reader = (async () => {
      do {
        const { slugs, count } = await shown();
        expect(slugs).toHaveLength(1);
        expect(count).toBe(1000);
        seen.push(slugs[0] ?? "");
      } while (!reading.over);
    })();
    const request = { environmentId, organizationId, slug: "org-own", replacementRoleSlug: "admin" };
    const answer = await roles.deleteOrgRole({ ...request, validateOnly: false }, call).finally(() => {
      reading.over = true;
    });
    await reader;
    expect(answer).toMatchObject({ reassignedMembershipCount: 1300, movedGroupRoleCount: 0 });
    expect(Math.max(...writes.perTransaction())).toBe(500);
    expect(new Set([...seen, (await shown()).slugs.join()])).toEqual(new Set(["org-own", "admin"]));
    expect(seen).toEqual(seen.toSorted((a, b) => (a === b ? 0 : a === "org-own" ? -1 : 1)));
    expect((await shown()).listed).not.toContain("org-own");
  });

  test("counts of holders are right whatever is unsettled, removed or several, before a sweep and after it", async () => {
    const environmentId = await stage.environment();
    const uid = await stage.uidOf(environmentId);
    const kinds = [["leaving"], ["admin"], ["leaving", "admin"], ["staying", "leaving"], ["member"], ["staying"]];
    await stage.setMembers(
      environmentId,
      spread(2700, (index) => (index % 7 === 6 ? ["admin", "member", "staying"] : (kinds[index % 7] ?? []))),
    );
    const custom = { environmentId, organizationId: "org-3" };
    await stage.services.roles.setDefaultRole({ ...custom, slug: "org-own" }, call);
    await stage.setMembers(
      environmentId,
      many(40, (index) => ({
        organizationId: "org-3",
        userId: `owner-${index}`,
        roleSlugs: index % 2 ? ["org-own"] : ["org-own", "leaving"],
      })),
    );
    await stage.services.groupRoles.setGroupRole({ ...custom, groupId: "owners", roleSlug: "org-own" }, call);
    await stage.deleteRole(environmentId, "leaving");
    await stage.services.environments.deleteOrganizationData({ environmentId, organizationId: "org-1" }, call);
    await stage.deleteRole(environmentId, "staying");
    await stage.services.environments.deleteOrganizationData({ environmentId, organizationId: "org-6" }, call);

    const check = async () => {
      for (const slug of ["admin", "member"]) {
        const alone = await stage.countShowing(environmentId, (slugs) => slugs.join() === slug);
        expect(alone).toBeGreaterThan(300);
        expect(await stage.deleteRole(environmentId, slug, "viewer", true)).toMatchObject({
          reassignedMembershipCount: alone,
        });
      }
      const holders = await stage.membersOf(environmentId, "org-3", "org-own");
      expect(holders.length).toBeGreaterThan(40);
      const named = (await stage.membersOf(environmentId, "org-3")).filter(({ roleSlugs }) =>
        roleSlugs.some((slug) => slug === "org-own"),
      );
      expect(holders).toEqual(named);
      const request = { ...custom, slug: "org-own", validateOnly: true };
      await expect(stage.services.roles.deleteOrgRole(request, call)).rejects.toMatchObject({
        reason: "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
      });
      expect(
        await stage.services.roles.deleteOrgRole({ ...request, replacementRoleSlug: "admin" }, call),
      ).toMatchObject({ reassignedMembershipCount: holders.length, movedGroupRoleCount: 1 });
      return holders.length;
    };
    await stage.createRole({ environmentId, slug: "viewer" });
    const count = await check();
    expect(await stage.left(uid)).toBeGreaterThan(1000);
    await stage.sweep(uid);
    expect(await check()).toBe(count);

    await stage.services.roles.setDefaultRole({ ...custom, slug: "member" }, call);
    await expect(
      stage.services.roles.deleteOrgRole({ ...custom, slug: "org-own", validateOnly: false }, call),
    ).rejects.toMatchObject({
      reason: "ROLE_IN_USE",
      metadata: { slug: "org-own", membership_count: String(count), group_role_count: "1" },
    });
    const alone = await stage.countShowing(environmentId, (slugs) => slugs.join() === "member");
    expect(await stage.deleteRole(environmentId, "member", "viewer")).toMatchObject({
      reassignedMembershipCount: alone,
    });
    expect(await stage.countShowing(environmentId, (slugs) => slugs.join() === "viewer")).toBe(alone);
  });
});
