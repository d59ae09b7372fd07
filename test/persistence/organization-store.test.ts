import type { OrganizationId } from "../../src/domain/values";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { anEnvironment, anOrganization, aRole, newOrganizationUid, newRoleId, newUid, org } from "../support/storage";
import { acme, globex, useWorld } from "../support/world";

const slugsOf = (roles: readonly { slug: string }[]) => roles.map(({ slug }) => slug).toSorted();

describe.each(engines)("the organization store on $name", (engine) => {
  const world = useWorld(engine);
  const find = (...ids: OrganizationId[]) => world.units.lookup((stores) => stores.organizations.find(world.uid, ids));
  const get = async (id: OrganizationId) => (await find(id))[0];
  const lock = (...ids: OrganizationId[]) => world.units.write((stores) => stores.organizations.lock(world.uid, ids));
  const own = () => ({
    defaultRoleId: world.ids.member,
    order: [world.ids.member, world.ids.admin, world.ids.lead],
  });

  test("an organization's first row is at revision 1 and inherits", async () => {
    const initech = anOrganization("initech");
    await world.units.write((stores) => stores.organizations.insert(world.uid, [initech]));
    expect(await get(initech.id)).toEqual({ ...initech, revision: 1 });
  });

  test("an organization without a row is not found, and no lock finds it", async () => {
    expect(await find(org("nobody"))).toEqual([]);
    expect(await lock(org("nobody"))).toEqual([]);
    expect(await lock()).toEqual([]);
    expect(await find(org("nobody"))).toEqual([]);
    expect(await find()).toEqual([]);
  });

  test("several are made and found at once, in order of their bytes, by id and by uid", async () => {
    const made = ["b", "B", "a.", "a", "_"].map(anOrganization);
    await world.units.write((stores) => stores.organizations.insert(world.uid, made));
    const rows = made.map((organization) => ({ ...organization, revision: 1 }));
    const wanted = [...made.map(({ id }) => id), org("nobody"), org("A")];
    expect(await find(...wanted)).toEqual(["B", "_", "a", "a.", "b"].map((id) => rows.find((row) => row.id === id)));
    const uids = [...made.slice(0, 2).map(({ uid }) => uid), newOrganizationUid()];
    await world.units.read(async ({ organizations }) => {
      expect(new Set(await organizations.findByUid(world.uid, uids))).toEqual(new Set(rows.slice(0, 2)));
      expect(await organizations.findByUid(world.other.uid, uids)).toEqual([]);
      expect(await organizations.findByUid(world.uid, [])).toEqual([]);
    });
  });

  test("they are listed behind an id, in order of their bytes, as many as there are up to the limit", async () => {
    const made = ["zeta", "Zeta", "beta"].map(anOrganization);
    await world.units.write((stores) => stores.organizations.insert(world.uid, made));
    const list = (after: string, limit: number) =>
      world.units.lookup(async (stores) =>
        (await stores.organizations.list(world.uid, after, limit)).map(({ id }) => id),
      );
    expect(await list("", 100)).toEqual(["Zeta", "acme", "beta", "globex", "zeta"]);
    expect(await list("acme", 2)).toEqual(["beta", "globex"]);
    expect(await list("zeta", 2)).toEqual([]);
    const others = await world.units.lookup((stores) => stores.organizations.list(world.other.uid, "", 100));
    expect(others.map(({ id, own: config }) => [id, config])).toEqual([
      ["acme", expect.anything()],
      ["globex", expect.anything()],
    ]);
  });

  test("a lock of several raises the revision of those that have a row, and answers them as they are then", async () => {
    const initech = anOrganization("initech");
    await world.units.write((stores) => stores.organizations.insert(world.uid, [initech]));
    const locked = await lock(initech.id, org("nobody"), acme);
    expect(locked).toEqual([
      { id: "acme", uid: world.ids.acme, revision: 2, own: own() },
      { ...initech, revision: 2 },
    ]);
    expect(await find(acme, initech.id)).toEqual(locked);
  });

  test("ids are compared byte by byte", async () => {
    const cases = ["Case", "case", "CASE", "case.", "case!", "case~"].map(anOrganization);
    for (const each of cases) await world.units.write((stores) => stores.organizations.insert(world.uid, [each]));
    for (const each of cases) expect(await find(each.id)).toEqual([{ ...each, revision: 1 }]);
    expect(await lock(org("cASE"))).toEqual([]);
    expect(await lock(org("case!"))).toHaveLength(1);
    expect((await get(org("case!")))?.revision).toBe(2);
    expect((await get(org("case")))?.revision).toBe(1);
  });

  test("locks raise the revision by one each, and nothing else", async () => {
    const locked = (await Promise.all(many(10, () => lock(acme)))).flat();
    expect(locked.map(({ revision }) => revision).toSorted((a, b) => a - b)).toEqual(many(10, (index) => index + 2));
    expect(await get(acme)).toEqual({ id: "acme", uid: world.ids.acme, revision: 11, own: own() });
  });

  test("of many first rows at once one is made, and the others run again and find it", async () => {
    const firsts = many(10, () =>
      world.units.write(async (stores) => {
        if ((await stores.organizations.lock(world.uid, [org("initech")])).length) return "found";
        await stores.organizations.insert(world.uid, [anOrganization("initech")]);
        return "made";
      }),
    );
    const results = await Promise.all(firsts);
    expect(results.filter((result) => result === "made")).toHaveLength(1);
    expect((await get(org("initech")))?.revision).toBe(10);
  });

  test.each([
    ["three roles", [newRoleId(), newRoleId(), newRoleId()]],
    ["no role", []],
    ["1000 roles", Array.from({ length: 1000 }, newRoleId)],
  ])("an own configuration with an order of %s is kept as it is", async (_, order) => {
    const changed = { defaultRoleId: newRoleId(), order };
    await world.units.write(async (stores) => {
      await stores.organizations.lock(world.uid, [acme]);
      await stores.organizations.saveOwn(world.uid, acme, changed);
    });
    expect(await get(acme)).toEqual({ id: "acme", uid: world.ids.acme, revision: 2, own: changed });
  });

  test("without an own configuration an organization inherits again, and may get another one", async () => {
    const save = (config: ReturnType<typeof own> | undefined) =>
      world.units.write(async (stores) => {
        await stores.organizations.lock(world.uid, [acme]);
        await stores.organizations.saveOwn(world.uid, acme, config);
      });
    await save(undefined);
    expect(await get(acme)).toEqual({ id: "acme", uid: world.ids.acme, revision: 2 });
    expect(
      await world.units.lookup((stores) => stores.organizations.countByDefault(world.uid, [world.ids.member])),
    ).toBe(1);
    const again = { defaultRoleId: world.ids.admin, order: [world.ids.admin] };
    await save(again);
    expect(await get(acme)).toEqual({ id: "acme", uid: world.ids.acme, revision: 3, own: again });
  });

  test("organizations are counted and listed by their default, in order of their bytes, up to the limit", async () => {
    const environment = anEnvironment();
    const [one, two, three] = [newRoleId(), newRoleId(), newRoleId()] as const;
    await world.units.write(async ({ environments, organizations }) => {
      await environments.insert(environment);
      for (const [id, defaultRoleId] of [
        ["b", one],
        ["B", two],
        ["a", one],
        ["a.", three],
        ["_", two],
      ] as const) {
        await organizations.insert(environment.uid, [anOrganization(id)]);
        await organizations.saveOwn(environment.uid, org(id), { defaultRoleId, order: [] });
      }
      await organizations.insert(environment.uid, [anOrganization("inherits")]);
    });
    await world.units.read(async ({ organizations }) => {
      expect(await organizations.countByDefault(environment.uid, [one, two])).toBe(4);
      expect(await organizations.countByDefault(environment.uid, [three])).toBe(1);
      expect(await organizations.countByDefault(environment.uid, [newRoleId()])).toBe(0);
      expect(await organizations.listByDefault(environment.uid, [one, two], 10)).toEqual(["B", "_", "a", "b"]);
      expect(await organizations.listByDefault(environment.uid, [one, two], 3)).toEqual(["B", "_", "a"]);
      expect(await organizations.listByDefault(environment.uid, [newRoleId()], 3)).toEqual([]);
      expect(await organizations.count(environment.uid)).toBe(6);
      expect(await organizations.count(newUid())).toBe(0);
    });
  });

  test("a removed organization is gone, leaves its rows to the purge, and may come into being again", async () => {
    const { acme: uid } = world.ids;
    await world.units.write(async (stores) => {
      await stores.organizations.lock(world.uid, [acme]);
      await stores.organizations.remove(world.uid, { id: acme, uid }, 7000);
    });
    expect(await get(acme)).toBeUndefined();
    expect(await world.units.lookup((stores) => stores.organizations.findByUid(world.uid, [uid]))).toEqual([]);
    expect(await get(globex)).toEqual({ id: "globex", uid: world.ids.globex, revision: 1, own: own() });
    const markers: { delete_time: unknown }[] = await world.storage.query(
      "SELECT * FROM purges WHERE environment_uid = ?",
      [world.uid],
    );
    expect(markers.map((marker) => ({ ...marker, delete_time: Number(marker.delete_time) }))).toEqual([
      { kind: "organization", environment_uid: world.uid, subject_id: uid, delete_time: 7000 },
    ]);

    const again = anOrganization("acme");
    await world.units.write((stores) => stores.organizations.insert(world.uid, [again]));
    expect(await get(acme)).toEqual({ ...again, revision: 1 });
    await world.units.read(async ({ memberships, groupRoles }) => {
      expect(await memberships.list(world.uid, again.uid, { after: "", limit: 10 })).toEqual([]);
      expect(await memberships.count(world.uid, again.uid)).toBe(0);
      expect(await groupRoles.list(world.uid, again.uid, { after: "", limit: 10, without: [] })).toEqual([]);
    });
  });

  test("no organization comes into being in an environment that never was", async () => {
    let runs = 0;
    const birth = world.units.write((stores) => {
      runs += 1;
      return stores.organizations.insert(newUid(), [anOrganization("acme")]);
    });
    await expect(birth).rejects.toMatchObject({ reason: "CONFLICT_RETRY" });
    expect(runs).toBe(8);
  });

  test("a role of an organization is none of its environment's", async () => {
    const role = aRole("org-extra", { organizationId: acme });
    await world.units.write(async (stores) => {
      await stores.organizations.lock(world.uid, [acme]);
      await stores.roles.insert(world.uid, role);
    });
    await world.units.read(async (stores) => {
      expect(slugsOf(await stores.roles.listOfEnvironment(world.uid))).toEqual(["admin", "member"]);
      const custom = await stores.roles.listOfOrganizations(world.uid, [acme, globex]);
      expect(slugsOf(custom.get(acme)?.customRoles ?? [])).toEqual(["org-extra", "org-lead"]);
      expect(slugsOf(custom.get(globex)?.customRoles ?? [])).toEqual(["org-lead"]);
    });
  });
});
