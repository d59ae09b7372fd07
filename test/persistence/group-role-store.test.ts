import type { GroupRoleStore } from "../../src/application/ports/group-role-store";
import type { Stores } from "../../src/application/ports/unit-of-work";
import type { GroupRole } from "../../src/domain/group-role";
import type { OrganizationUid, RoleId } from "../../src/domain/ids";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { group, newOrganizationUid, newRoleId } from "../support/storage";
import { acme, useWorld } from "../support/world";

const mapped = (groupId: string, roleId: RoleId, changes: Partial<GroupRole> = {}): GroupRole => ({
  groupId: group(groupId),
  roleId,
  createTime: 1000,
  updateTime: 1000,
  ...changes,
});

describe.each(engines)("the group role store on $name", (engine) => {
  const world = useWorld(engine);
  const write = <T>(work: (stores: Stores) => Promise<T>) =>
    world.units.write(async (stores) => {
      await stores.organizations.lock(world.uid, [acme]);
      return work(stores);
    });
  const put = (uid: OrganizationUid, ...groupRoles: GroupRole[]) =>
    write(async (stores) => {
      for (const groupRole of groupRoles) await stores.groupRoles.put(world.uid, uid, groupRole);
    });
  const read = <T>(work: (groupRoles: GroupRoleStore) => Promise<T>) =>
    world.units.lookup(({ groupRoles }) => work(groupRoles));
  const find = (uid: OrganizationUid, ...ids: string[]) =>
    read((groupRoles) => groupRoles.find(world.uid, uid, ids.map(group)));
  const list = (uid: OrganizationUid, page: { after?: string; limit?: number; without?: RoleId[] } = {}) =>
    read((groupRoles) => groupRoles.list(world.uid, uid, { after: "", limit: 100, without: [], ...page }));

  test("a mapping is found as it was put, in its organization alone", async () => {
    const { acme: here, globex: there } = world.ids;
    const one = mapped("one", newRoleId(), { createTime: 1_790_000_000_123, updateTime: 1_790_000_000_456 });
    await put(here, one);
    expect(await find(here, "one", "nobody")).toEqual([one]);
    expect(await find(there, "one")).toEqual([]);
    expect(await find(newOrganizationUid(), "one")).toEqual([]);
    expect(await find(here)).toEqual([]);
    expect(await read((groupRoles) => groupRoles.find(world.other.uid, here, [group("one")]))).toEqual([]);
    expect(new Set(await find(here, "crew", "one"))).toEqual(new Set([one, mapped("crew", world.ids.lead)]));
  });

  test("putting a mapping again replaces its role and times, and no other mapping", async () => {
    const { acme: here, admin, lead } = world.ids;
    await put(here, mapped("one", admin));
    const again = mapped("crew", admin, { createTime: 2000, updateTime: 3000 });
    await put(here, again);
    expect(await find(here, "crew")).toEqual([again]);
    expect(await find(here, "one")).toEqual([mapped("one", admin)]);
    await put(here, mapped("crew", lead), mapped("crew", lead));
    expect(await list(here)).toEqual([mapped("crew", lead), mapped("one", admin)]);
  });

  test("groups are compared byte by byte", async () => {
    const groups = ["Case", "case", "CASE", "case.", "case!", "cas"].map((id) => mapped(id, newRoleId()));
    await put(world.ids.acme, ...groups);
    for (const one of groups) expect(await find(world.ids.acme, one.groupId)).toEqual([one]);
    expect(await find(world.ids.acme, "cASE", "ca")).toEqual([]);
  });

  test("1000 groups are looked up at once", async () => {
    const ids = many(1000, (index) => `g${index}`);
    expect(await find(world.ids.acme, ...ids, "crew")).toEqual([mapped("crew", world.ids.lead)]);
  });

  test("a removed mapping is gone, and a second removal finds none", async () => {
    const remove = (id: string) => write((stores) => stores.groupRoles.remove(world.uid, world.ids.acme, group(id)));
    await put(world.ids.acme, mapped("one", world.ids.admin));
    expect(await remove("crew")).toBe(true);
    expect(await remove("crew")).toBe(false);
    expect(await remove("ONE")).toBe(false);
    expect(await list(world.ids.acme)).toEqual([mapped("one", world.ids.admin)]);
  });

  test("a list holds the groups behind one in order of their bytes, without some roles, up to the limit", async () => {
    const uid = newOrganizationUid();
    const [shown, hidden, other] = [newRoleId(), newRoleId(), newRoleId()];
    const ids = ["!", "-", "0", "A", "Z", "_", "a", "a.", "aa", "b", "~"];
    const roleOf = (index: number) => (index % 3 === 0 ? hidden : index % 3 === 1 ? shown : other);
    await put(uid, ...ids.map((id, index) => mapped(id, roleOf(index))).toReversed());
    const page = async (options: Parameters<typeof list>[1]) =>
      (await list(uid, options)).map(({ groupId }) => groupId);
    expect(await page({})).toEqual(ids);
    expect(await page({ after: "A", limit: 3 })).toEqual(["Z", "_", "a"]);
    expect(await page({ after: "a-", limit: 1 })).toEqual(["a."]);
    expect(await page({ without: [hidden] })).toEqual(ids.filter((_, index) => roleOf(index) !== hidden));
    expect(await page({ without: [hidden], after: "-", limit: 3 })).toEqual(["0", "Z", "_"]);
    expect(await page({ without: [hidden, shown, newRoleId()] })).toEqual(
      ids.filter((_, index) => roleOf(index) === other),
    );
    expect(await page({ without: [hidden, shown, other] })).toEqual([]);
    expect(await page({ after: "~" })).toEqual([]);
  });

  test("the groups mapped to one of the roles are counted in their organization alone", async () => {
    const { acme: here, globex: there, admin, lead, member } = world.ids;
    const count = (uid: OrganizationUid, ...roleIds: RoleId[]) =>
      read((groupRoles) => groupRoles.count(world.uid, uid, roleIds));
    await put(here, mapped("one", admin), mapped("two", admin), mapped("three", lead));
    expect(await count(here, admin)).toBe(2);
    expect(await count(here, admin, lead)).toBe(4);
    expect(await count(here, member)).toBe(0);
    expect(await count(here)).toBe(0);
    expect(await count(there, admin, lead)).toBe(1);
  });

  test("the groups mapped to one of the roles are found, of all organizations or of one, up to the limit", async () => {
    const { acme: here, globex: there, lead } = world.ids;
    const [one, two] = [newRoleId(), newRoleId()];
    const elsewhere = newOrganizationUid();
    await put(here, mapped("one", one), mapped("two", two));
    await put(elsewhere, mapped("one", two));
    const mappedTo = async (roleIds: RoleId[], limit: number, uid?: OrganizationUid) =>
      new Set(await read((groupRoles) => groupRoles.mappedTo(world.uid, roleIds, limit, uid && [uid])));
    expect(await mappedTo([one, two], 100)).toEqual(
      new Set([
        { ...mapped("one", one), organizationUid: here },
        { ...mapped("two", two), organizationUid: here },
        { ...mapped("one", two), organizationUid: elsewhere },
      ]),
    );
    expect(await mappedTo([two], 100, here)).toEqual(new Set([{ ...mapped("two", two), organizationUid: here }]));
    expect(await mappedTo([lead], 100, there)).toEqual(new Set([{ ...mapped("crew", lead), organizationUid: there }]));
    expect((await mappedTo([one, two, lead], 3)).size).toBe(3);
    expect(await mappedTo([], 100)).toEqual(new Set());
    expect(await mappedTo([newRoleId()], 100)).toEqual(new Set());
  });

  test("groups of a removed organization are invisible to what looks at the whole environment", async () => {
    const { acme: here, globex: there, lead } = world.ids;
    const homes = async (uid = world.uid) =>
      (await read((groupRoles) => groupRoles.mappedTo(uid, [lead], 100))).map((one) => one.organizationUid).toSorted();
    expect(await homes()).toEqual([here, there].toSorted());
    await write((stores) => stores.organizations.remove(world.uid, { id: acme, uid: here }, 7000));
    expect(await homes()).toEqual([there]);
    expect(await homes(world.other.uid)).toEqual([here, there].toSorted());
  });
});
