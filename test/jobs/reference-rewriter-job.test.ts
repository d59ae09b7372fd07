import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import type { EnvironmentUid } from "../../src/domain/ids";
import { defaultQuotas } from "../../src/domain/limits";
import type { MembershipView } from "../../src/domain/membership-view";
import { ReferenceRewriterJob } from "../../src/jobs/reference-rewriter-job";
import { leasesOn } from "../../src/persistence/lease";
import { TypeormMembershipStore } from "../../src/persistence/stores/membership-store";
import { TypeormOrganizationStore } from "../../src/persistence/stores/organization-store";
import { TypeormRoleStore } from "../../src/persistence/stores/role-store";
import { engines, servers } from "../support/engines";
import { many } from "../support/many";
import { type TestStorage, openStorage, waitsForLock } from "../support/storage";

const hour = 60 * 60 * 1000;
const call = ownCall;
const wholePage = { pageSize: 1000, pageToken: "" };
const organizations = many(15, (index) => `org-${index}`);

type Services = ReturnType<typeof createServices>;
interface Scope {
  readonly environmentId: string;
  readonly organizationId: string;
}
interface Member {
  readonly organizationId: string;
  readonly userId: string;
  readonly roleSlugs: string[];
}

/** The service on a storage, by a clock that stands still. */
class Stage {
  now = 1_790_000_000_000;
  readonly services: Services;

  constructor(readonly storage: TestStorage) {
    this.services = createServices(storage.database, defaultQuotas, () => this.now);
  }

  /** Rows of members that the sweep has still to rewrite. */
  async left(uid: EnvironmentUid): Promise<number> {
    return (await this.services.rewriter.progress(uid))?.left ?? Number.NaN;
  }

  /**
   * An environment with several roles for a member and the roles `member` (default), `admin`, `leaving` and `staying`.
   * Every third organization has a custom role `org-own`, and with it a configuration of its own.
   */
  async environment(): Promise<string> {
    const environmentId = randomUUID();
    const { environments, roles } = this.services;
    await environments.createEnvironment({ environmentId, displayName: "" }, call);
    await this.setMultiple(environmentId, true);
    for (const slug of ["admin", "leaving", "staying"]) await this.createRole({ environmentId, slug });
    for (const organizationId of organizations.filter((_, index) => index % 3 === 0))
      await roles.createRole(
        { environmentId, organizationId, slug: "org-own", name: "Own", description: "", permissions: [] },
        call,
      );
    return environmentId;
  }

  async createRole(scope: { environmentId: string; organizationId?: string; slug: string }): Promise<void> {
    await this.services.roles.createRole({ ...scope, name: "Name", description: "", permissions: [] }, call);
  }

  async setMultiple(environmentId: string, multipleRolesEnabled: boolean): Promise<void> {
    const environment = { displayName: "", multipleRolesEnabled };
    const updateMask = ["multiple_roles_enabled"];
    await this.services.environments.updateEnvironment({ environmentId, environment, updateMask }, call);
  }

  async uidOf(environmentId: string): Promise<EnvironmentUid> {
    const [row] = await this.storage.query<{ uid: EnvironmentUid }>("SELECT uid FROM environments WHERE id = ?", [
      environmentId,
    ]);
    if (!row) throw new Error(`no environment ${environmentId}`);
    return row.uid;
  }

  async setMembers(environmentId: string, members: readonly Member[]): Promise<void> {
    for (let start = 0; start < members.length; start += 1000)
      await this.services.memberships.batchSetMemberRoles(
        { environmentId, memberships: members.slice(start, start + 1000) },
        call,
      );
  }

  deleteRole(environmentId: string, slug: string, replacementDefaultRoleSlug?: string, validateOnly = false) {
    return this.services.roles.deleteEnvironmentRole(
      { environmentId, slug, replacementDefaultRoleSlug, validateOnly },
      call,
    );
  }

  async membersOf(environmentId: string, organizationId: string, roleSlug?: string): Promise<MembershipView[]> {
    const found: MembershipView[] = [];
    for (let pageToken = ""; ; ) {
      const page = await this.services.memberships.listMemberships(
        {
          environmentId,
          organizationId,
          roleSlug,
          pageSize: 1000,
          pageToken,
        },
        call,
      );
      found.push(...page.items);
      pageToken = page.nextPageToken;
      if (!pageToken) return found;
    }
  }

  /** What callers see of an environment. */
  everything(environmentId: string) {
    const { roles, groupRoles } = this.services;
    return Promise.all(
      organizations.map(async (organizationId) => ({
        members: await this.membersOf(environmentId, organizationId),
        roles: await roles.listOrgRoles({ environmentId, organizationId, ...wholePage }),
        groups: await groupRoles.listGroupRoles({ environmentId, organizationId, ...wholePage }, call),
      })),
    );
  }

  /** How many members the environment has that show these roles, in any order. */
  async countShowing(environmentId: string, matches: (roleSlugs: readonly string[]) => boolean): Promise<number> {
    const all = await Promise.all(organizations.map((organizationId) => this.membersOf(environmentId, organizationId)));
    return all.flat().filter(({ roleSlugs }) => matches(roleSlugs)).length;
  }

  async rowsOf(table: string, uid: EnvironmentUid): Promise<object[]> {
    const rows = await this.storage.query<object>(`SELECT * FROM ${table} WHERE environment_uid = ?`, [uid]);
    return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** Roles that are no more, as they are stored. */
  async remains(uid: EnvironmentUid) {
    const roles = await this.storage.query<{ slug: string; slug_scope: string }>(
      "SELECT slug, slug_scope FROM roles WHERE environment_uid = ? ORDER BY slug",
      [uid],
    );
    const kind = (prefix: string) =>
      roles.filter(({ slug_scope: scope }) => scope.startsWith(prefix)).map(({ slug }) => slug);
    const collapses = (await this.rowsOf("role_collapses", uid)).length;
    return { tombstones: kind("tombstone:"), replaced: kind("replaced:"), collapses };
  }

  async isRequested(uid: EnvironmentUid): Promise<boolean> {
    return (await this.services.rewriter.listRequests()).some((request) => request.uid === uid);
  }

  /** Sweeps until there is nothing to rewrite, and what can be forgotten is. Answers what each step rewrote. */
  async sweep(uid: EnvironmentUid, between: () => Promise<void> = async () => undefined): Promise<number[]> {
    const rewritten: number[] = [];
    for (;;) {
      const count = await this.services.rewriter.step(uid);
      rewritten.push(count);
      await between();
      if (!count) return rewritten;
    }
  }
}

const spread = (count: number, roleSlugs: (index: number) => string[]): Member[] =>
  many(count, (index) => ({
    organizationId: organizations[index % organizations.length] ?? "",
    userId: `user-${index}`,
    roleSlugs: roleSlugs(index),
  }));

/** Of five members three have the leaving role alone, one has it and another one, one does not have it. */
const rolesOf = (index: number): string[] =>
  [["leaving"], ["leaving"], ["admin", "leaving"], ["admin"], ["leaving"]][index % 5] ?? [];

/** How many members each transaction has written, by what the store was asked to put. */
function watchWrites() {
  const put = jest.spyOn(TypeormMembershipStore.prototype, "put");
  return {
    perTransaction: () => {
      const counts = new Map<unknown, number>();
      put.mock.contexts.forEach((store, index) =>
        counts.set(store, (counts.get(store) ?? 0) + (put.mock.calls[index]?.[1].length ?? 0)),
      );
      return [...counts.values()].filter((count) => count > 0);
    },
    end: () => put.mockRestore(),
  };
}

afterEach(() => jest.restoreAllMocks());

describe.each(engines)("the sweep on $name", (engine) => {
  let storage: TestStorage;
  let stage: Stage;
  beforeAll(async () => {
    storage = await openStorage(engine);
  });
  beforeEach(() => {
    stage = new Stage(storage);
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

describe.each(servers)("sweepers and changes that meet on $name", (engine) => {
  test("two of them and writers do not get in each other's way", async () => {
    const storage = await openStorage(engine);
    const second = await openStorage(engine, storage.at);
    try {
      const stage = new Stage(storage);
      const environmentId = await stage.environment();
      const uid = await stage.uidOf(environmentId);
      await stage.setMembers(
        environmentId,
        spread(2500, () => ["leaving"]),
      );
      await stage.deleteRole(environmentId, "leaving");
      const before = await stage.everything(environmentId);

      const sweepers = [stage, new Stage(second)].map(
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
      const stage = new Stage(storage);
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
      const stage = new Stage(storage);
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

  test.each<[string, string, (stage: Stage, scope: Scope) => Promise<unknown>, (stage: Stage, id: string) => unknown]>([
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
      const stage = new Stage(storage);
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
