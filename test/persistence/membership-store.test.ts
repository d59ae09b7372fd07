import type { MembershipStore, PendingMembers } from "../../src/application/ports/membership-store";
import type { Stores } from "../../src/application/ports/unit-of-work";
import type { OrganizationUid, RoleId } from "../../src/domain/ids";
import type { MemberKey, Membership } from "../../src/domain/membership";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { aMember, anOrganization, newOrganizationUid, newRoleId, user } from "../support/storage";
import { acme, membersOf, useWorld } from "../support/world";

const nameOf = ({ organizationUid, userId }: MemberKey) => `${organizationUid} ${userId}`;
const namesOf = (...members: MemberKey[]) => new Set(members.map(nameOf));

/** Roles are stored as a set, and so are members where no order is promised: both sorted, to be compared. */
const whole = (members: readonly Membership[]) =>
  members
    .map((member) => ({ ...member, roleIds: member.roleIds.toSorted() }))
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

const usersOf = (members: readonly Membership[]) => members.map(({ userId }) => userId);

/** What makes members unsettled; nothing where nothing is given. */
interface By {
  readonly roleIds?: RoleId[];
  readonly multipleRolesDisabledAt?: number;
}
const nothing = { roleIds: [], multipleRolesDisabledAt: undefined };

describe.each(engines)("the membership store on $name", (engine) => {
  const world = useWorld(engine);
  /** A second organization that may be changed. Its members need no row of its own. */
  const elsewhere = newOrganizationUid();
  const write = <T>(work: (stores: Stores) => Promise<T>) =>
    world.units.write(async (stores) => {
      await stores.organizations.lock(world.uid, [acme]);
      return work(stores);
    });
  const put = (...members: Membership[]) => write(({ memberships }) => memberships.put(world.uid, members));
  const read = <T>(work: (memberships: MembershipStore) => Promise<T>) =>
    world.units.lookup(({ memberships }) => work(memberships));
  const find = (...keys: MemberKey[]) => read((memberships) => memberships.find(world.uid, keys));
  const list = (page: { after?: string; limit?: number; roleIds?: RoleId[] } = {}, uid = world.ids.acme) =>
    read((memberships) => memberships.list(world.uid, uid, { after: "", limit: 100, ...page }));
  const page = async (after: string, limit: number) => usersOf(await list({ after, limit }, elsewhere));
  const inAcme = (userId: string, ...roleIds: RoleId[]) => aMember(world.ids.acme, userId, roleIds);
  const removeAcme = () =>
    write(({ organizations }) => organizations.remove(world.uid, { id: acme, uid: world.ids.acme }, 7000));

  test("members are found as they were put, each with all its roles", async () => {
    const times = { createTime: 1_790_000_000_123, updateTime: 1_790_000_000_456 };
    const members = [
      aMember(world.ids.acme, "one", [newRoleId()], times),
      aMember(world.ids.acme, "two", [newRoleId(), newRoleId()], { ...times, materializedAtRevision: 2 ** 40 }),
      aMember(elsewhere, "one", many(200, newRoleId), times),
    ];
    await put(...members);
    expect(whole(await find(...members))).toEqual(whole(members));
    expect(whole(await find(members[2] as Membership))).toEqual(whole(members.slice(2)));
  });

  test("who is no member is not found, and nothing is found where nothing is asked for", async () => {
    const { acme: acmeUid, globex: globexUid } = world.ids;
    expect(await find()).toEqual([]);
    expect(
      await find(
        { organizationUid: acmeUid, userId: user("eve") },
        { organizationUid: newOrganizationUid(), userId: user("ann") },
      ),
    ).toEqual([]);
    const both = await find(
      { organizationUid: acmeUid, userId: user("ann") },
      { organizationUid: globexUid, userId: user("bob") },
    );
    expect(whole(both)).toEqual(whole([...membersOf(acmeUid).slice(0, 1), ...membersOf(globexUid).slice(1)]));
  });

  test("users and organizations are compared byte by byte", async () => {
    const [lower, upper] = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"] as OrganizationUid[];
    const users = ["Case", "case", "CASE", "case.", "case!", "cas"];
    const members = [lower, upper].flatMap((uid) =>
      users.map((userId) => aMember(uid as OrganizationUid, userId, [newRoleId()])),
    );
    await put(...members);
    for (const member of members) expect(await find(member)).toEqual([member]);
    expect(await find({ organizationUid: lower as OrganizationUid, userId: user("cASE") })).toEqual([]);
    expect(new Set(usersOf(await list({}, lower)))).toEqual(new Set(users));
  });

  test("putting a member again replaces its roles and times, and those of nobody else", async () => {
    const { member, admin, lead } = world.ids;
    const [three, one] = [inAcme("cyd", member, admin, lead), inAcme("dan", lead)];
    await put(three, one);
    for (const roleIds of [[admin], [lead, member], [member]]) {
      const again = aMember(world.ids.acme, "cyd", roleIds, { createTime: 2000, updateTime: 3000 });
      await put(again);
      expect(whole(await find(three))).toEqual(whole([again]));
      expect(await find(one)).toEqual([one]);
    }
    await put();
    expect(usersOf(await list())).toEqual(["ann", "bob", "cyd", "dan"]);
  });

  test("a new member is added, and one with one role gets another one, with its times", async () => {
    const [before, other] = [inAcme("eve", newRoleId()), aMember(elsewhere, "eve", [newRoleId()])];
    const after = { ...before, roleIds: [newRoleId()], updateTime: 9000 };
    await write(({ memberships }) => memberships.insert(world.uid, [before, other]));
    expect(whole(await find(before, other))).toEqual(whole([before, other]));
    await write(({ memberships }) => memberships.changeOnlyRole(world.uid, before, after));
    expect(whole(await find(before, other))).toEqual(whole([after, other]));
    const again = write(({ memberships }) => memberships.changeOnlyRole(world.uid, before, after));
    await expect(again).rejects.toThrow("does not have its one role");
    await put({ ...after, roleIds: [] });
    await write(({ memberships }) => memberships.remove(world.uid, after));
  });

  test("1000 members of 1000 organizations are put and found at once, and put again", async () => {
    const first = many(1000, (index) =>
      aMember(newOrganizationUid(), `user-${index}`, [world.ids.member, world.ids.admin]),
    );
    await put(...first);
    expect(whole(await find(...first))).toEqual(whole(first));
    const again = first.map(({ organizationUid, userId }) => aMember(organizationUid, userId, [world.ids.lead]));
    await put(...again);
    expect(whole(await find(...first))).toEqual(whole(again));
  });

  test("1000 members of one organization with 5 roles each are put and found at once", async () => {
    const roles = many(5, newRoleId);
    const members = many(1000, (index) => aMember(elsewhere, `many-${index}`, roles));
    await put(...members);
    expect(whole(await find(...members))).toEqual(whole(members));
  });

  test("a removed member is gone with all its roles, and nobody else", async () => {
    await put(inAcme("cyd", world.ids.member));
    await write(({ memberships }) =>
      memberships.remove(world.uid, { organizationUid: world.ids.acme, userId: user("bob") }),
    );
    expect(usersOf(await list())).toEqual(["ann", "cyd"]);
    await write(({ memberships }) =>
      memberships.remove(world.uid, { organizationUid: world.ids.acme, userId: user("bob") }),
    );
    expect(usersOf(await list())).toEqual(["ann", "cyd"]);
  });

  test("a list holds the members behind a user in order of their bytes, no more than the limit", async () => {
    const users = ["!", "-", "0", "A", "Ann", "Z", "_", "a", "a.", "aa", "b", "~"];
    await put(...users.toReversed().map((userId) => aMember(elsewhere, userId, [newRoleId()])));
    expect(await page("", 100)).toEqual(users);
    expect(await page("A", 3)).toEqual(["Ann", "Z", "_"]);
    expect(await page("a-", 2)).toEqual(["a.", "aa"]);
    expect(await page("AN", 1)).toEqual(["Ann"]);
    expect(await page("~", 10)).toEqual([]);
    await write(({ memberships }) =>
      Promise.all(
        users.map((userId) => memberships.remove(world.uid, { organizationUid: elsewhere, userId: user(userId) })),
      ),
    );
    expect(await page("", 100)).toEqual([]);
  });

  test("no limit cuts a member with several roles in two, in any list", async () => {
    const uid = newOrganizationUid();
    const roles = many(5, newRoleId);
    const [gone] = roles as [RoleId];
    const members = many(9, (index) => aMember(uid, `u${index}`, roles));
    await put(...members);
    for (const limit of [1, 2, 4, 5, 6, 9]) {
      expect(whole(await list({ limit }, uid))).toEqual(whole(members.slice(0, limit)));
      expect(whole(await list({ limit, roleIds: roles }, uid))).toEqual(whole(members.slice(0, limit)));
      expect(whole(await list({ limit, after: "u3", roleIds: [gone] }, uid))).toEqual(
        whole(members.slice(4, 4 + limit)),
      );
      await read(async (memberships) => {
        const storing = await memberships.listWithRole(world.uid, gone, {
          pendingAmongSeveral: { roleIds: roles, multipleRolesDisabledAt: undefined },
          limit,
        });
        expect(whole(storing)).toEqual(whole(members.slice(0, limit)));
        for (const by of [
          { roleIds: [gone], multipleRolesDisabledAt: undefined },
          { roleIds: roles, multipleRolesDisabledAt: 9 },
        ]) {
          const unsettled = whole(await memberships.listPending(world.uid, by, limit, [uid]));
          expect(unsettled).toHaveLength(limit);
          for (const one of unsettled) expect(members).toContainEqual(one);
        }
      });
    }
  });

  test("with roles a list holds those who store one of them, each once and whole", async () => {
    const { member, admin, lead } = world.ids;
    const [cyd, dan, eve] = [inAcme("cyd", member, admin, lead), inAcme("dan", member), inAcme("eve", lead)];
    await put(cyd, dan, eve);
    const [ann, bob] = membersOf(world.ids.acme);
    const holders = async (...roleIds: RoleId[]) => whole(await list({ roleIds }));
    expect(await holders(member)).toEqual([ann, cyd, dan]);
    expect(await holders(admin, lead)).toEqual([bob, cyd, eve]);
    expect(await holders(lead, member, admin)).toEqual([ann, bob, cyd, dan, eve]);
    expect(await holders(newRoleId())).toEqual([]);
    expect(await holders()).toEqual([]);
    expect(usersOf(await list({ roleIds: [admin, lead, member], after: "bob", limit: 2 }))).toEqual(["cyd", "dan"]);
  });

  test("the roles that some member stores are told from those that none does", async () => {
    const { member, admin, lead } = world.ids;
    const stored = async (uid: OrganizationUid, ...roleIds: RoleId[]) =>
      new Set(await read((memberships) => memberships.storedRoles(world.uid, uid, roleIds)));
    const extra = newRoleId();
    await put(aMember(elsewhere, "ann", [extra]));
    expect(await stored(world.ids.acme, member, admin, lead, extra, newRoleId())).toEqual(
      new Set([member, admin, lead]),
    );
    expect(await stored(world.ids.acme, lead)).toEqual(new Set([lead]));
    expect(await stored(elsewhere, member, extra)).toEqual(new Set([extra]));
    expect(await stored(world.ids.acme)).toEqual(new Set());
  });

  test("members are counted, not their roles, in their organization alone", async () => {
    const count = (uid: OrganizationUid) => read((memberships) => memberships.count(world.uid, uid));
    await put(inAcme("cyd", ...many(7, newRoleId)));
    expect(await count(world.ids.acme)).toBe(3);
    expect(await count(world.ids.globex)).toBe(2);
    expect(await count(newOrganizationUid())).toBe(0);
  });

  test("those who store a role and no other one are counted, here and in the whole environment", async () => {
    const { member, admin, acme: acmeUid } = world.ids;
    const alone = (roleId: RoleId, uid?: OrganizationUid) =>
      read((memberships) => memberships.countWithOnlyRole(world.uid, roleId, uid));
    await put(inAcme("cyd", member), inAcme("dan", member, admin), inAcme("eve", admin));
    expect(await alone(member)).toBe(3); // two of acme, one of globex
    expect(await alone(member, acmeUid)).toBe(2);
    expect(await alone(admin)).toBe(1);
    expect(await alone(newRoleId())).toBe(0);
    await put(inAcme("dan", member));
    expect(await alone(member, acmeUid)).toBe(3);
  });

  test("those who store a role are paged through by organization and user, each once and whole", async () => {
    const roleId = newRoleId();
    const others = many(2, newRoleId);
    const homes = many(3, newOrganizationUid).toSorted();
    const members = homes.flatMap((uid) =>
      ["A", "a", "b", "~"].map((userId, index) => aMember(uid, userId, index % 2 ? [roleId, ...others] : [roleId])),
    );
    await put(...members.toReversed(), aMember(homes[0] as OrganizationUid, "z", others));
    const pagesOf = async (options: { pendingAmongSeveral?: PendingMembers; organization?: OrganizationUid }) => {
      const found: Membership[] = [];
      for (let after: Membership | undefined; ; after = found.at(-1)) {
        const some = await read((memberships) =>
          memberships.listWithRole(world.uid, roleId, { ...options, after, limit: 3 }),
        );
        found.push(...some);
        if (some.length < 3) return found.map((member) => ({ ...member, roleIds: member.roleIds.toSorted() }));
      }
    };
    const severalOnly = members.filter(({ roleIds }) => roleIds.length > 1);
    const pending = { roleIds: others.slice(1), multipleRolesDisabledAt: undefined };
    const [{ materializedAtRevision }] = severalOnly as [Membership];
    expect(await pagesOf({})).toEqual(members);
    expect(await pagesOf({ pendingAmongSeveral: pending })).toEqual(severalOnly);
    expect(await pagesOf({ pendingAmongSeveral: { ...pending, roleIds: [newRoleId()] } })).toEqual([]);
    expect(
      await pagesOf({ pendingAmongSeveral: { roleIds: [], multipleRolesDisabledAt: materializedAtRevision + 1 } }),
    ).toEqual(severalOnly);
    expect(
      await pagesOf({ pendingAmongSeveral: { roleIds: [], multipleRolesDisabledAt: materializedAtRevision } }),
    ).toEqual([]);
    for (const organization of homes) {
      const here = (member: Membership) => member.organizationUid === organization;
      expect(await pagesOf({ organization })).toEqual(members.filter(here));
      expect(await pagesOf({ pendingAmongSeveral: pending, organization })).toEqual(severalOnly.filter(here));
      expect(await read((memberships) => memberships.countWithRole(world.uid, roleId, organization))).toBe(
        members.filter(here).length,
      );
    }
  });

  const unsettled = (by: By, limit = 100, organizations?: OrganizationUid[]) =>
    read((memberships) => memberships.listPending(world.uid, { ...nothing, ...by }, limit, organizations));
  const countUnsettled = (by: By) => read((memberships) => memberships.countPending(world.uid, { ...nothing, ...by }));
  /** Rewrites some of them until there are none. */
  const settleAll = async (by: By, organizations?: OrganizationUid[]) => {
    const seen = new Set<string>();
    for (;;) {
      const some = await unsettled(by, 2, organizations);
      if (!some.length) return seen;
      for (const one of some) seen.add(nameOf(one));
      await put(...some.map((one) => ({ ...one, roleIds: [world.ids.member] })));
    }
  };

  describe("of the unsettled", () => {
    test("those who store one of the roles are found until there are none, and no others", async () => {
      const [one, two] = [newRoleId(), newRoleId()];
      const referring = [inAcme("cyd", one), inAcme("dan", two, world.ids.member), inAcme("eve", one, two)];
      await put(...referring, inAcme("fay", newRoleId()));
      expect(await countUnsettled({ roleIds: [one, two] })).toBe(4);
      expect(await countUnsettled({ roleIds: [one] })).toBe(2);
      expect(await settleAll({ roleIds: [one, two] })).toEqual(namesOf(...referring));
      expect(await countUnsettled({ roleIds: [one, two] })).toBe(0);
    });

    test("those with several roles of before the revision are found until there are none", async () => {
      const several = (userId: string, materializedAtRevision: number) =>
        aMember(elsewhere, userId, many(3, newRoleId), { materializedAtRevision });
      const [old, older] = [several("old", 6), several("older", 1)];
      await put(old, older, several("just", 7), several("new", 8), aMember(elsewhere, "one", [newRoleId()]));
      expect(whole(await unsettled({ multipleRolesDisabledAt: 7 }, 100, [elsewhere]))).toEqual(whole([old, older]));
      expect(await settleAll({ multipleRolesDisabledAt: 7 }, [elsewhere])).toEqual(namesOf(old, older));
      expect(await unsettled({}, 100, [elsewhere])).toEqual([]);
    });

    test("with both reasons everybody is found in the end", async () => {
      const gone = newRoleId();
      const all = [
        inAcme("cyd", gone),
        aMember(world.ids.acme, "dan", many(2, newRoleId), { materializedAtRevision: 3 }),
      ];
      await put(...all);
      const bob = membersOf(world.ids.acme)[1] as Membership;
      expect(await settleAll({ roleIds: [gone], multipleRolesDisabledAt: 4 }, [world.ids.acme])).toEqual(
        namesOf(bob, ...all),
      );
    });

    test("without a reason there is nobody, and none in no organization", async () => {
      await put(aMember(world.ids.acme, "dan", many(2, newRoleId), { materializedAtRevision: 3 }));
      expect(await unsettled({})).toEqual([]);
      expect(await countUnsettled({})).toBe(0);
      expect(await unsettled({ roleIds: [world.ids.member], multipleRolesDisabledAt: 9 }, 100, [])).toEqual([]);
    });

    test("with organizations only those of these are found", async () => {
      const gone = newRoleId();
      const [here, there, third] = [newOrganizationUid(), newOrganizationUid(), newOrganizationUid()];
      await put(...[here, there, third].flatMap((uid) => many(3, (index) => aMember(uid, `u${index}`, [gone]))));
      const found = await unsettled({ roleIds: [gone] }, 100, [here, third]);
      expect(new Set(found.map(({ organizationUid }) => organizationUid))).toEqual(new Set([here, third]));
      expect(found).toHaveLength(6);
      expect(await unsettled({ roleIds: [gone] })).toHaveLength(9);
      expect(await unsettled({ roleIds: [gone] }, 4)).toHaveLength(4);
    });
  });

  test("members of a removed organization are invisible to what looks at the whole environment", async () => {
    const { member, admin } = world.ids;
    const gone = newRoleId();
    await put(inAcme("cyd", gone), inAcme("dan", gone, member), aMember(world.ids.acme, "eve", many(2, newRoleId)));
    const look = (uid = world.uid) =>
      read(async (memberships) => ({
        members: await memberships.countWithOnlyRole(uid, member),
        gone: await memberships.countWithOnlyRole(uid, gone),
        referring: new Set(
          (await memberships.listPending(uid, { roleIds: [gone, admin], multipleRolesDisabledAt: undefined }, 100)).map(
            ({ organizationUid, userId }) => `${organizationUid} ${userId}`,
          ),
        ),
        several: (await memberships.listPending(uid, { roleIds: [], multipleRolesDisabledAt: 9 }, 100)).length,
        left: await memberships.countPending(uid, { roleIds: [gone], multipleRolesDisabledAt: undefined }),
        leftOfSeveral: await memberships.countPending(uid, { roleIds: [], multipleRolesDisabledAt: 9 }),
      }));
    const other = await look(world.other.uid);
    expect(await look()).toMatchObject({ members: 2, gone: 1, several: 4, left: 2, leftOfSeveral: 8 });
    await removeAcme();
    expect(await look()).toEqual({
      members: 1,
      gone: 0,
      referring: new Set([`${world.ids.globex} bob`]),
      several: 1,
      left: 0,
      leftOfSeveral: 2,
    });
    expect(await look(world.other.uid)).toEqual(other);
    expect(other).toMatchObject({ members: 2, several: 2 });

    const again = anOrganization(acme);
    await world.units.write(async (stores) => {
      await stores.organizations.insert(world.uid, [again]);
      await stores.memberships.put(world.uid, [aMember(again.uid, "ann", [member])]);
    });
    expect((await look()).members).toBe(2);
  });
});
