import type { Stores } from "../../src/application/ports/unit-of-work";
import type { MemberKey } from "../../src/domain/membership";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { aMember, anOrganization, aRole, group, newOrganizationUid, newRoleId, org, user } from "../support/storage";
import { acme, globex, useWorld } from "../support/world";

const usersOf = (keys: readonly MemberKey[]) => keys.map(({ userId }) => userId);
const times = { createTime: 1000, updateTime: 1000 };
const sortedUids = (count: number) => many(count, newOrganizationUid).toSorted();

describe.each(engines)("the reads of many organizations on $name", (engine) => {
  const world = useWorld(engine);
  const write = <T>(work: (stores: Stores) => Promise<T>) =>
    world.units.write(async (stores) => {
      await stores.organizations.lock(world.uid, [acme]);
      return work(stores);
    });
  const read = <T>(work: (stores: Stores) => Promise<T>) => world.units.lookup(work);
  const listOfEve = (after: string, limit: number) =>
    read(({ memberships }) => memberships.listOfUser(world.uid, user("eve"), { after, limit }));
  const removeAcme = () =>
    write(({ organizations }) => organizations.remove(world.uid, { id: acme, uid: world.ids.acme }, 7000));

  test("summaries come behind an id, with a prefix, and of some ids alone", async () => {
    const made = ["zeta", "Zeta", "ac", "acmf", "acm~", "a%me"].map(anOrganization);
    await write((stores) => stores.organizations.insert(world.uid, made));
    const list = (page: { after?: string; limit?: number; prefix?: string; ids?: ReturnType<typeof org>[] }) =>
      read(async ({ organizations }) =>
        organizations.listSummaries(world.uid, { after: "", limit: 100, prefix: "", ...page }),
      );
    const idsOf = async (page: Parameters<typeof list>[0]) => (await list(page)).map(({ id }) => id);
    expect(await idsOf({})).toEqual(["Zeta", "a%me", "ac", "acme", "acmf", "acm~", "globex", "zeta"]);
    expect(await idsOf({ after: "acme", limit: 2 })).toEqual(["acmf", "acm~"]);
    expect(await idsOf({ prefix: "acm" })).toEqual(["acme", "acmf", "acm~"]);
    expect(await idsOf({ prefix: "acm", after: "acme" })).toEqual(["acmf", "acm~"]);
    expect(await idsOf({ prefix: "acm~" })).toEqual(["acm~"]);
    expect(await idsOf({ prefix: "a%" })).toEqual(["a%me"]);
    const ids = ["zeta", "acme", "none"].map(org);
    expect(await idsOf({ ids })).toEqual(["acme", "zeta"]);
    expect(await idsOf({ ids, prefix: "a" })).toEqual(["acme"]);
    expect(await idsOf({ ids: [] })).toEqual([]);
    const [first] = made;
    expect(await list({ ids: [acme, org("zeta")] })).toEqual([
      { id: "acme", uid: world.ids.acme, inheritsEnvironment: false },
      { id: "zeta", uid: first?.uid, inheritsEnvironment: true },
    ]);
  });

  test("the organizations of a user are those that are there, by the bytes of their ids", async () => {
    const made = ["b", "B", "a"].map(anOrganization);
    const [b, upper] = made;
    await write(async ({ organizations, memberships }) => {
      await organizations.insert(world.uid, made);
      for (const one of [b, upper])
        if (one) await memberships.insert(world.uid, [aMember(one.uid, "ann", [world.ids.member, world.ids.admin])]);
    });
    const list = (userId: string, after = "", limit = 100) =>
      read(({ organizations }) => organizations.listOfUser(world.uid, user(userId), after, limit));
    expect(await list("ann")).toEqual(["B", "acme", "b", "globex"]);
    expect(await list("ann", "B", 2)).toEqual(["acme", "b"]);
    expect(await list("Ann")).toEqual([]);
    const backwards = (before: string | undefined, limit: number) =>
      read(({ organizations }) => organizations.listOfUserBackwards(world.uid, user("ann"), before, limit));
    expect(await backwards(undefined, 100)).toEqual(["globex", "b", "acme", "B"]);
    expect(await backwards("b", 1)).toEqual(["acme"]);
    await removeAcme();
    expect(await list("ann")).toEqual(["B", "b", "globex"]);
    expect(await read(({ organizations }) => organizations.listOfUser(world.other.uid, user("ann"), "", 9))).toEqual([
      "acme",
      "globex",
    ]);
  });

  test("the members of an organization are read by their beginnings, in both directions", async () => {
    const added = [
      { ...aMember(world.ids.acme, "old", [world.ids.member]), createTime: 5 },
      { ...aMember(world.ids.acme, "new", [world.ids.member, world.ids.admin]), createTime: 9_000_000 },
      { ...aMember(world.ids.acme, "Same", [world.ids.member]), createTime: 9_000_000 },
    ];
    await write(({ memberships }) => memberships.insert(world.uid, added));
    const list = async (
      isBackwards: boolean,
      beyond: { createTime: number; userId: string } | undefined,
      limit = 100,
    ) => {
      const place = beyond && { createTime: beyond.createTime, userId: user(beyond.userId) };
      return read(({ memberships }) =>
        memberships.listByCreation(world.uid, world.ids.acme, { beyond: place, isBackwards, limit }),
      );
    };
    const all = usersOf(await list(false, undefined));
    expect([all.at(0), ...all.slice(-2)]).toEqual(["old", "Same", "new"]);
    expect(usersOf(await list(true, undefined))).toEqual(all.toReversed());
    expect(usersOf(await list(true, undefined, 1))).toEqual(["new"]);
    expect((await list(true, undefined, 1))[0]?.roleIds.toSorted()).toEqual(
      [world.ids.member, world.ids.admin].toSorted(),
    );
    expect(usersOf(await list(true, { createTime: 9_000_000, userId: "new" }, 1))).toEqual(["Same"]);
    expect(usersOf(await list(false, { createTime: 9_000_000, userId: "Same" }))).toEqual(["new"]);
    expect(usersOf(await list(false, { createTime: 5, userId: "old" }))).toEqual(all.slice(1));
    expect(usersOf(await list(true, { createTime: 5, userId: "old" }))).toEqual([]);
  });

  test("organizations with members or live groups are told from those with neither", async () => {
    const made = many(4, (index) => anOrganization(`o${index}`));
    const [withMember, withGroup, withDeadGroup, empty] = made.map(({ uid }) => uid);
    const [live, dead] = [newRoleId(), newRoleId()];
    if (!withMember || !withGroup || !withDeadGroup || !empty) throw new Error("four are made");
    await write(async ({ organizations, memberships, groupRoles }) => {
      await organizations.insert(world.uid, made);
      await memberships.insert(world.uid, [aMember(withMember, "ann", [dead])]);
      await groupRoles.put(world.uid, withGroup, { groupId: group("g"), roleId: live, ...times });
      await groupRoles.put(world.uid, withDeadGroup, { groupId: group("g"), roleId: dead, ...times });
    });
    const having = async (...without: (typeof dead)[]) =>
      new Set(
        await read(({ organizations }) =>
          organizations.withMembersOrGroups(world.uid, [withMember, withGroup, withDeadGroup, empty], without),
        ),
      );
    expect(await having()).toEqual(new Set([withMember, withGroup, withDeadGroup]));
    expect(await having(dead)).toEqual(new Set([withMember, withGroup]));
    expect(await having(dead, live)).toEqual(new Set([withMember]));
    expect(await read(({ organizations }) => organizations.withMembersOrGroups(world.uid, [], [dead]))).toEqual([]);
    const count = (...without: (typeof dead)[]) =>
      read(({ groupRoles }) => groupRoles.countAll(world.uid, withDeadGroup, without));
    expect([await count(), await count(live), await count(dead, live)]).toEqual([1, 1, 0]);
  });

  test("custom roles are counted while they live", async () => {
    const owners = [acme, globex, org("none")];
    const counted = () => read(({ roles }) => roles.countOfOrganizations(world.uid, owners));
    const one = new Map([
      [acme, 1],
      [globex, 1],
    ]);
    expect(await counted()).toEqual(one);
    const role = aRole("org-two", { organizationId: acme });
    await write(({ roles }) => roles.insert(world.uid, role));
    expect(await counted()).toEqual(new Map(one).set(acme, 2));
    await write(({ roles }) => roles.replace(world.uid, acme, role.id, world.ids.lead));
    expect(await counted()).toEqual(one);
    expect(await read(({ roles }) => roles.countOfOrganizations(world.uid, []))).toEqual(new Map());
  });

  test("deleted roles are in use while a member stores them", async () => {
    const inUse = async (uid = world.uid) => new Set(await read(({ roles }) => roles.listDeletedInUse(uid)));
    const [gone, unused] = [aRole("gone"), aRole("unused")];
    const custom = aRole("org-gone", { organizationId: acme });
    const tombstone = {
      deletedRevision: 3,
      replacementRoleId: undefined,
      environmentDefaultRoleId: world.ids.member,
    };
    await write(async ({ roles, memberships }) => {
      for (const role of [gone, unused, custom]) await roles.insert(world.uid, role);
      await memberships.insert(world.uid, [
        aMember(world.ids.acme, "cyd", [gone.id]),
        aMember(world.ids.acme, "dan", [custom.id, world.ids.member]),
      ]);
    });
    expect(await inUse()).toEqual(new Set());
    await world.units.write(async ({ environments, roles }) => {
      await environments.touch(world.uid);
      for (const { id } of [gone, unused]) await roles.softDelete(world.uid, id, tombstone, 9000);
    });
    expect(await inUse()).toEqual(new Set([gone.id]));
    await write(({ roles }) => roles.replace(world.uid, acme, custom.id, world.ids.member));
    expect(await inUse()).toEqual(new Set([gone.id, custom.id]));
    await write(({ memberships }) =>
      memberships.remove(world.uid, { organizationUid: world.ids.acme, userId: user("cyd") }),
    );
    expect(await inUse()).toEqual(new Set([custom.id]));
    expect(await inUse(world.other.uid)).toEqual(new Set());
  });

  test("members with any of some roles come once each, by organization and user", async () => {
    const [first, second, third] = sortedUids(3);
    if (!first || !second || !third) throw new Error("three are made");
    const [one, two, none] = [newRoleId(), newRoleId(), newRoleId()];
    await write(({ memberships }) =>
      memberships.insert(world.uid, [
        aMember(second, "b", [one]),
        aMember(second, "B", [one, two]),
        aMember(second, "c", [none]),
        aMember(first, "z", [two]),
        aMember(third, "a", [one]),
      ]),
    );
    const roleIds = [none, two, one].filter((id) => id !== none);
    const list = async (page: { after?: MemberKey; limit?: number; organization?: typeof first }, roles = roleIds) =>
      read(({ memberships }) => memberships.listWithAnyRole(world.uid, roles, { limit: 100, ...page }));
    const all = [
      { organizationUid: first, userId: user("z") },
      { organizationUid: second, userId: user("B") },
      { organizationUid: second, userId: user("b") },
      { organizationUid: third, userId: user("a") },
    ];
    expect(await list({})).toEqual(all);
    for (const [index, after] of all.entries()) {
      expect(await list({ after })).toEqual(all.slice(index + 1));
      expect(await list({ after, limit: 1 })).toEqual(all.slice(index + 1, index + 2));
      expect(await list({ after, limit: 2 })).toEqual(all.slice(index + 1, index + 3));
    }
    expect(usersOf(await list({ organization: second }))).toEqual(["B", "b"]);
    expect(usersOf(await list({ organization: second, after: all[1] as MemberKey }))).toEqual(["b"]);
    expect(usersOf(await list({}, [two]))).toEqual(["z", "B"]);
    expect(await list({}, [])).toEqual([]);
    const unknown = many(650, newRoleId); // more than one UNION may join
    expect(await list({}, [...unknown, ...roleIds])).toEqual(all);
    expect(
      await read(({ memberships }) => memberships.listWithAnyRole(world.other.uid, roleIds, { limit: 9 })),
    ).toEqual([]);
  });

  test("the memberships of a user come once each, with the time of their beginning", async () => {
    const uids = sortedUids(5);
    const members = uids.map((uid, index) =>
      aMember(uid, "eve", index % 2 ? [newRoleId(), newRoleId()] : [newRoleId()], { createTime: 2000 + index }),
    );
    const bystander = aMember(uids[0] as (typeof uids)[number], "Eve", [newRoleId()]);
    await write(({ memberships }) => memberships.insert(world.uid, [...members, bystander]));
    const expected = members.map(({ organizationUid, createTime }) => ({ organizationUid, createTime }));
    expect(await listOfEve("", 100)).toEqual(expected);
    expect(await listOfEve("", 2)).toEqual(expected.slice(0, 2));
    expect(await listOfEve(uids[1] ?? "", 2)).toEqual(expected.slice(2, 4));
    expect(await listOfEve(uids[4] ?? "", 2)).toEqual([]);
  });

  test("members are listed by the beginning of their ids", async () => {
    const uid = newOrganizationUid();
    const { admin, member } = world.ids;
    const users = ["an", "ann", "anna", "anm~", "ano", "Ann", "~", "a_n"];
    await write(({ memberships }) =>
      memberships.insert(
        world.uid,
        users.map((userId) => aMember(uid, userId, [userId.length > 2 ? admin : member])),
      ),
    );
    const list = async (prefix: string, more: { after?: string; roleIds?: (typeof admin)[] } = {}) =>
      usersOf(
        await read(({ memberships }) => memberships.list(world.uid, uid, { after: "", limit: 100, prefix, ...more })),
      );
    expect(await list("ann")).toEqual(["ann", "anna"]);
    expect(await list("an")).toEqual(["an", "anm~", "ann", "anna", "ano"]);
    expect(await list("an", { after: "ann" })).toEqual(["anna", "ano"]);
    expect(await list("an", { roleIds: [admin] })).toEqual(["anm~", "ann", "anna", "ano"]);
    expect(await list("a_")).toEqual(["a_n"]);
    expect(await list("~")).toEqual(["~"]);
  });

  test("members are counted, however many statements that takes", async () => {
    const uid = newOrganizationUid();
    const { admin, member } = world.ids;
    const count = () => read(({ memberships }) => memberships.count(world.uid, uid));
    expect(await count()).toBe(0);
    const members = many(10_001, (index) => aMember(uid, `user-${index}`, index % 100 ? [admin] : [admin, member]));
    await write(({ memberships }) => memberships.insert(world.uid, members.slice(0, 10_000)));
    expect(await count()).toBe(10_000);
    await write(({ memberships }) => memberships.insert(world.uid, members.slice(10_000)));
    expect(await count()).toBe(10_001);
  });
});
