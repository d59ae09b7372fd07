import type { OrganizationId } from "../../src/domain/fields";
import { engines } from "../support/engines";
import { many } from "../support/many";
import { anEnvironment, aRole, newRoleId, newUid, org } from "../support/storage";
import { acme, globex, useWorld } from "../support/world";

const slugsOf = (roles: { slug: string }[]) => roles.map(({ slug }) => slug).toSorted();

describe.each(engines)("the organization store on $name", (engine) => {
  const world = useWorld(engine);
  const get = (id: OrganizationId) => world.units.lookup((stores) => stores.organizations.get(world.uid, id));
  const own = () => ({
    defaultRoleId: world.ids.member,
    order: [world.ids.member, world.ids.admin, world.ids.lead],
    sinceRevision: 1,
  });

  test("an organization's first row is at revision 1 and inherits", async () => {
    await world.units.write((stores) => stores.organizations.insert(world.uid, org("initech")));
    expect(await get(org("initech"))).toEqual({ id: "initech", revision: 1 });
  });

  test("an organization without a row is undefined, and no touch finds it", async () => {
    expect(await get(org("nobody"))).toBeUndefined();
    const touched = world.units.write((stores) => stores.organizations.touch(world.uid, org("nobody")));
    expect(await touched).toBe(false);
    expect(await get(org("nobody"))).toBeUndefined();
  });

  test("ids are compared byte by byte", async () => {
    const ids = ["Case", "case", "CASE", "case.", "case!", "case~"].map(org);
    for (const id of ids) await world.units.write((stores) => stores.organizations.insert(world.uid, id));
    for (const id of ids) expect(await get(id)).toEqual({ id, revision: 1 });
    expect(await world.units.write((stores) => stores.organizations.touch(world.uid, org("cASE")))).toBe(false);
    expect(await world.units.write((stores) => stores.organizations.touch(world.uid, org("case!")))).toBe(true);
    expect((await get(org("case!")))?.revision).toBe(2);
    expect((await get(org("case")))?.revision).toBe(1);
  });

  test("touches raise the revision by one each, and nothing else", async () => {
    const touches = many(10, () => world.units.write((stores) => stores.organizations.touch(world.uid, acme)));
    expect(await Promise.all(touches)).toEqual(many(10, () => true));
    expect(await get(acme)).toEqual({ id: "acme", revision: 11, own: own() });
  });

  test("of many first rows at once one is made, and the others run again and find it", async () => {
    const firsts = many(10, () =>
      world.units.write(async (stores) => {
        if (await stores.organizations.touch(world.uid, org("initech"))) return "found";
        await stores.organizations.insert(world.uid, org("initech"));
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
    const changed = { defaultRoleId: newRoleId(), order, sinceRevision: 2 ** 40 };
    await world.units.write(async (stores) => {
      await stores.organizations.touch(world.uid, acme);
      await stores.organizations.saveOwn(world.uid, acme, changed);
    });
    expect(await get(acme)).toEqual({ id: "acme", revision: 2, own: changed });
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
        await organizations.insert(environment.uid, org(id));
        await organizations.saveOwn(environment.uid, org(id), { defaultRoleId, order: [], sinceRevision: 1 });
      }
      await organizations.insert(environment.uid, org("inherits"));
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

  test("a removed organization is gone, and may come into being again", async () => {
    await world.units.write(async (stores) => {
      await stores.organizations.touch(world.uid, acme);
      await stores.organizations.remove(world.uid, acme);
    });
    expect(await get(acme)).toBeUndefined();
    expect(await get(globex)).toEqual({ id: "globex", revision: 1, own: own() });
    await world.units.write((stores) => stores.organizations.insert(world.uid, acme));
    expect(await get(acme)).toEqual({ id: "acme", revision: 1 });
  });

  test("no organization comes into being in an environment that never was", async () => {
    let runs = 0;
    const birth = world.units.write((stores) => {
      runs += 1;
      return stores.organizations.insert(newUid(), acme);
    });
    await expect(birth).rejects.toMatchObject({ reason: "CONFLICT_RETRY" });
    expect(runs).toBe(8);
  });

  test("a role of an organization is none of its environment's", async () => {
    const role = aRole("org-extra", { organizationId: acme });
    await world.units.write(async (stores) => {
      await stores.organizations.touch(world.uid, acme);
      await stores.roles.insert(world.uid, role);
    });
    await world.units.read(async (stores) => {
      expect(slugsOf(await stores.roles.ofEnvironment(world.uid))).toEqual(["admin", "member"]);
      expect(slugsOf(await stores.roles.ofOrganization(world.uid, acme))).toEqual(["org-extra", "org-lead"]);
      expect(slugsOf(await stores.roles.ofOrganization(world.uid, globex))).toEqual(["org-lead"]);
    });
  });
});
