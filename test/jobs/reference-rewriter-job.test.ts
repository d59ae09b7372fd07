import { engines } from "../support/engines";
import { many } from "../support/many";
import { type TestStorage, openStorage } from "../support/storage";
import { RewritingStage, call, hour, organizations, spread, watchWrites } from "./rewriting-stage";

/** Returns the roles of a member: three of five have only the leaving role, one has two roles, and one only another. */
const rolesOf = (index: number): string[] =>
  [["leaving"], ["leaving"], ["admin", "leaving"], ["admin"], ["leaving"]][index % 5] ?? [];

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

  test("rewrites 2 500 members of 30 organizations in bounded steps, and no read ever shows a difference", async () => {
    const [environmentId, other] = [await stage.environment(), await stage.environment()];
    const [uid, otherUid] = [await stage.uidOf(environmentId), await stage.uidOf(other)];
    const crowd = many(700, (index) => ({
      organizationId: "org-3",
      userId: `crowd-${index}`,
      roleSlugs: ["leaving"],
    }));
    await stage.setMembers(environmentId, [...spread(1300, rolesOf), ...crowd]);
    await stage.setMembers(other, spread(500, rolesOf));
    for (const organizationId of organizations)
      for (const [groupId, roleSlug] of [
        ["gone", "leaving"],
        ["here", "admin"],
      ] as const)
        await stage.services.groupRoles.setGroupRole({ environmentId, organizationId, groupId, roleSlug }, call);
    await stage.services.roles.setDefaultRole({ environmentId, organizationId: "org-0", slug: "leaving" }, call);
    expect(await stage.isRequested(uid)).toBe(false);
    const otherBefore = [await stage.everything(other), await stage.rowsOf("role_assignments", otherUid)];

    const deletion = await stage.deleteRole(environmentId, "leaving", "staying");
    expect(deletion).toMatchObject({ affectedOrganizationCount: 1, reassignedMembershipCount: 700 + (1300 / 5) * 3 });
    expect(await stage.isRequested(uid)).toBe(true);
    const before = await stage.everything(environmentId);
    const shown = before.flatMap(({ members }) => members.map(({ roleSlugs }) => roleSlugs.join()));
    expect(new Set(shown)).toEqual(new Set(["member", "admin", "staying"]));
    expect(before.flatMap(({ groups }) => groups.items.map(({ groupId }) => groupId))).toEqual(
      organizations.map(() => "here"),
    );

    const unsettled = 700 + (1300 / 5) * 4;
    const counts = [await stage.left(uid)];
    const writes = watchWrites();
    const rewritten = await stage.sweep(uid, async () => {
      expect(await stage.everything(environmentId)).toEqual(before);
      counts.push(await stage.left(uid));
    });
    expect(writes.perTransaction()).toEqual([500, 500, 500, unsettled - 1500]);
    writes.end();
    expect(counts.slice(0, 5)).toEqual([unsettled, unsettled - 500, unsettled - 1000, unsettled - 1500, 0]);
    expect(rewritten.slice(0, 4)).toEqual([500, 500, 500, unsettled - 1500]);
    expect(counts.at(-1)).toBe(0);

    const gone = await storage.query("SELECT id FROM roles WHERE environment_uid = ? AND deleted_revision > 0", [uid]);
    expect(gone).toHaveLength(1);
    const { id } = gone[0] as { id: string };
    for (const [table, column] of [
      ["role_assignments", "role_id"],
      ["group_roles", "role_id"],
      ["organizations", "default_role_id"],
    ])
      expect(
        await storage.query(`SELECT * FROM ${table} WHERE environment_uid = ? AND ${column} = ?`, [uid, id]),
      ).toEqual([]);
    expect(await stage.isRequested(uid)).toBe(true);
    stage.now += 25 * hour;
    expect(await stage.sweep(uid)).toEqual([0]);
    expect(await stage.remains(uid)).toEqual({ tombstones: [], replaced: [], collapses: 0 });
    expect(await stage.isRequested(uid)).toBe(false);
    expect(await stage.everything(environmentId)).toEqual(before);
    expect([await stage.everything(other), await stage.rowsOf("role_assignments", otherUid)]).toEqual(otherBefore);
  });

  test("forgets deleted environment roles after 24 hours, and never one before those deleted earlier", async () => {
    const environmentId = await stage.environment();
    const uid = await stage.uidOf(environmentId);
    await stage.setMembers(
      environmentId,
      spread(60, (index) => [["leaving"], ["staying"], ["admin", "staying"], ["member"]][index % 4] ?? []),
    );
    const start = stage.now;
    await stage.deleteRole(environmentId, "leaving");
    stage.now = start + 10 * hour;
    await stage.deleteRole(environmentId, "staying");
    stage.now = start + 2 * hour; // another server's clock is behind
    await stage.deleteRole(environmentId, "admin");
    const before = await stage.everything(environmentId);
    for (const [hours, tombstones] of [
      [0, ["admin", "leaving", "staying"]],
      [23.9, ["admin", "leaving", "staying"]],
      [24, ["admin", "staying"]],
      [33.9, ["admin", "staying"]],
      [34, []],
    ] as const) {
      stage.now = start + hours * hour;
      await stage.sweep(uid);
      expect(await stage.remains(uid)).toEqual({ tombstones, replaced: [], collapses: 0 });
      expect(await stage.isRequested(uid)).toBe(tombstones.length > 0);
      expect(await stage.everything(environmentId)).toEqual(before);
    }
  });

  test("forgets replaced custom roles at once, ends of multiple roles after 24 hours", async () => {
    const environmentId = await stage.environment();
    const uid = await stage.uidOf(environmentId);
    const start = stage.now;
    await stage.setMembers(
      environmentId,
      spread(600, (index) => (index % 3 === 0 ? ["org-own", "admin"] : ["admin", "staying"])),
    );
    for (const organizationId of ["org-0", "org-3"]) {
      await stage.services.groupRoles.setGroupRole(
        { environmentId, organizationId, groupId: "owners", roleSlug: "org-own" },
        call,
      );
      await stage.services.roles.deleteOrgRole(
        { environmentId, organizationId, slug: "org-own", replacementRoleSlug: "staying", validateOnly: false },
        call,
      );
    }
    await stage.setMultiple(environmentId, false);
    expect(await stage.remains(uid)).toEqual({ tombstones: [], replaced: ["org-own", "org-own"], collapses: 1 });
    const before = await stage.everything(environmentId);
    for (const { members } of before) for (const { roleSlugs } of members) expect(roleSlugs).toHaveLength(1);
    expect(before[0]?.groups.items).toMatchObject([{ groupId: "owners", roleSlug: "staying" }]);

    const counts = [await stage.left(uid)];
    await stage.sweep(uid, async () => {
      expect(await stage.everything(environmentId)).toEqual(before);
      counts.push(await stage.left(uid));
    });
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(counts.at(-1)).toBe(0);
    expect(await stage.remains(uid)).toEqual({ tombstones: [], replaced: [], collapses: 1 });
    expect(await stage.rowsOf("role_assignments", uid)).toHaveLength(600);
    stage.now = start + 23.9 * hour;
    await stage.sweep(uid);
    expect(await stage.remains(uid)).toMatchObject({ collapses: 1 });
    stage.now = start + 24 * hour;
    await stage.sweep(uid);
    expect(await stage.remains(uid)).toEqual({ tombstones: [], replaced: [], collapses: 0 });
    expect(await stage.isRequested(uid)).toBe(false);
    expect(await stage.everything(environmentId)).toEqual(before);
  });

  test("what is left of a deleted organization does not keep it busy, nor counts", async () => {
    const environmentId = await stage.environment();
    const uid = await stage.uidOf(environmentId);
    await stage.setMembers(
      environmentId,
      spread(900, (index) => (index % 2 ? ["leaving", "admin"] : ["leaving"])),
    );
    for (const organizationId of organizations)
      await stage.services.groupRoles.setGroupRole(
        { environmentId, organizationId, groupId: "g", roleSlug: "leaving" },
        call,
      );
    const gone = organizations.slice(0, 14);
    const remove = async (ids: readonly string[]) => {
      for (const organizationId of ids)
        expect(
          await stage.services.environments.deleteOrganizationData({ environmentId, organizationId }, call),
        ).toMatchObject({ deletedMembershipCount: 60 });
    };
    await remove(gone.slice(0, 7));
    expect(await stage.deleteRole(environmentId, "leaving", undefined, true)).toMatchObject({
      reassignedMembershipCount: await stage.countShowing(environmentId, (slugs) => slugs.join() === "leaving"),
    });
    await stage.deleteRole(environmentId, "leaving");
    await stage.setMultiple(environmentId, false);
    await remove(gone.slice(7));
    const before = await stage.everything(environmentId);
    expect(before.flatMap(({ members }) => members)).toHaveLength(60);
    expect(await stage.left(uid)).toBeGreaterThanOrEqual(60);
    const writes = watchWrites();
    await stage.sweep(uid);
    expect(writes.perTransaction()).toEqual([60]);
    expect(await stage.left(uid)).toBe(0);
    expect(await stage.everything(environmentId)).toEqual(before);
    expect((await stage.rowsOf("role_assignments", uid)).length).toBeGreaterThan(840); // the janitor's
    stage.now += 25 * hour;
    expect(await stage.sweep(uid)).toEqual([0]);
    expect(await stage.isRequested(uid)).toBe(false);
    expect(await stage.remains(uid)).toEqual({ tombstones: [], replaced: [], collapses: 0 });
  });
});
