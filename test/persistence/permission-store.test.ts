import { type Stores, KeyTaken } from "../../src/application/ports/unit-of-work";
import type { Description, Name } from "../../src/domain/values";
import { engines } from "../support/engines";
import { aPermission, newPermissionId, permissionSlug } from "../support/storage";
import { acme, globex, useWorld } from "../support/world";

describe.each(engines)("the permission store on $name", (engine) => {
  const world = useWorld(engine);
  const write = <T>(work: (stores: Stores) => Promise<T>) =>
    world.units.write(async (stores) => {
      await stores.environments.touch(world.uid);
      return work(stores);
    });
  const find = (slug: string) =>
    world.units.lookup((stores) => stores.permissions.find(world.uid, permissionSlug(slug)));
  const list = async (after: string, limit: number) =>
    (await world.units.lookup((stores) => stores.permissions.list(world.uid, after, limit))).map(({ slug }) => slug);

  test("a permission is found as it was inserted, in its environment alone", async () => {
    const permission = aPermission("billing:*", {
      name: "界".repeat(48) as Name,
      description: "🚀\n".repeat(75) as Description,
      createTime: 1_790_000_000_123,
      updateTime: 1_790_000_000_456,
    });
    await write((stores) => stores.permissions.insert(world.uid, permission));
    expect(await find("billing:*")).toEqual(permission);
    const elsewhere = world.units.lookup((stores) => stores.permissions.find(world.other.uid, permission.slug));
    expect(await elsewhere).toBeUndefined();
  });

  test("a permission that is not there is undefined", async () => {
    expect(await find("docs")).toBeUndefined();
    expect(await find("docs.reader")).toBeUndefined();
    expect(await find("Docs.Read")).toBeUndefined();
  });

  test("slugs are compared byte by byte", async () => {
    const slugs = ["case", "Case", "case.", "case_", "case*"];
    await write(async (stores) => {
      for (const slug of slugs) await stores.permissions.insert(world.uid, aPermission(slug));
    });
    for (const slug of slugs) expect((await find(slug))?.slug).toBe(slug);
  });

  test("a second permission with the slug of the first is KeyTaken, and leaves nothing", async () => {
    const inserted = write((stores) => stores.permissions.insert(world.uid, aPermission("docs.read")));
    await expect(inserted).rejects.toEqual(new KeyTaken("permission_slug"));
    expect((await find("docs.read"))?.id).toBe(world.ids.read);
    const environment = await world.units.lookup((stores) => stores.environments.get(world.uid));
    expect(environment?.revision).toBe(1);
  });

  test("a list holds the permissions behind the given slug, in order of their bytes, no more than the limit", async () => {
    const slugs = ["*", "-", ".", "0", ":", "_", "a", "a.b", "aa", "e", "z"];
    await write(async (stores) => {
      for (const slug of slugs.toReversed()) await stores.permissions.insert(world.uid, aPermission(slug));
    });
    expect(await list("", 100)).toEqual([...slugs.slice(0, 9), "docs.read", "docs.write", "e", "z"]);
    expect(await list(":", 3)).toEqual(["_", "a", "a.b"]);
    expect(await list("a.a", 1)).toEqual(["a.b"]);
    expect(await list("z", 10)).toEqual([]);
  });

  const walk = async (isBackwards: boolean, beyond?: string, limit = 100) =>
    (await world.units.lookup((stores) => stores.permissions.listById(world.uid, { beyond, isBackwards, limit }))).map(
      ({ id }) => id,
    );

  test("permissions are read by their ids in both directions, in their environment alone", async () => {
    await write((stores) => stores.permissions.insert(world.uid, aPermission("later")));
    const all = await walk(false);
    expect(all).toEqual(all.toSorted());
    expect(all).toHaveLength(3);
    expect(await walk(true)).toEqual(all.toReversed());
    expect(await walk(true, undefined, 1)).toEqual(all.slice(-1));
    expect(await walk(false, all[0])).toEqual(all.slice(1));
    expect(await walk(true, all[2], 1)).toEqual(all.slice(1, 2));
  });

  test("permissions are counted in their environment alone", async () => {
    const count = () => world.units.lookup((stores) => stores.permissions.count(world.uid));
    expect(await count()).toBe(2);
    await write((stores) => stores.permissions.insert(world.uid, aPermission("third")));
    expect(await count()).toBe(3);
    expect(await world.units.lookup((stores) => stores.permissions.count(world.other.uid))).toBe(2);
  });

  test("ids are those of the permissions that exist", async () => {
    const idsOf = (...slugs: string[]) =>
      world.units.lookup((stores) => stores.permissions.idsOf(world.uid, slugs.map(permissionSlug)));
    expect(await idsOf()).toEqual(new Map());
    expect(await idsOf("nothing", "DOCS.READ", "docs.rea")).toEqual(new Map());
    expect(await idsOf("docs.write", "nothing", "docs.read")).toEqual(
      new Map([
        ["docs.read", world.ids.read],
        ["docs.write", world.ids.write],
      ]),
    );
  });

  test("2000 slugs are looked up at once", async () => {
    const slugs = Array.from({ length: 2000 }, (_, index) => permissionSlug(`p${index}`));
    slugs.push(permissionSlug("docs.read"));
    const found = await world.units.lookup((stores) => stores.permissions.idsOf(world.uid, slugs));
    expect([...found.keys()]).toEqual(["docs.read"]);
  });

  test("the roles that have a permission are counted in the environment and all its organizations", async () => {
    const count = () => world.units.lookup((stores) => stores.permissions.countRoles(world.uid, world.ids.read));
    expect(await count()).toBe(4);
    await write((stores) =>
      stores.roles.softDelete(
        world.uid,
        world.ids.admin,
        {
          deletedRevision: 2,
          replacementRoleId: undefined,
          environmentDefaultRoleId: world.ids.member,
        },
        9000,
      ),
    );
    expect(await count()).toBe(3);
    await world.units.write((stores) => stores.roles.remove(world.uid, acme, world.ids.lead));
    expect(await count()).toBe(2);
    expect(await world.units.lookup((stores) => stores.permissions.countRoles(world.uid, newPermissionId()))).toBe(0);
  });

  test.each([
    ["the name", { name: "Neu" as Name }],
    ["the description", { description: "Neu\n🚀" as Description }],
    ["the time", { updateTime: 5 }],
  ])("an update of %s changes just that", async (_, changes) => {
    const [read, other] = [await find("docs.read"), await find("docs.write")];
    await write((stores) => stores.permissions.update(world.uid, world.ids.read, changes));
    expect(await find("docs.read")).toEqual({ ...read, ...changes });
    expect(await find("docs.write")).toEqual(other);
  });

  test("a removed permission leaves all roles at once, and a new one of its slug is in none", async () => {
    const { member, admin, lead, read } = world.ids;
    await write((stores) => stores.permissions.remove(world.uid, read, 7000));
    expect(await find("docs.read")).toBeUndefined();
    const permissionsOf = (id: "" | typeof acme) =>
      world.units.lookup((stores) => stores.roles.permissionsOf(world.uid, [id]));
    const expectWriteAlone = async () => {
      expect(await permissionsOf("")).toEqual(
        new Map([
          [member, ["docs.write"]],
          [admin, ["docs.write"]],
        ]),
      );
      for (const id of [acme, globex]) expect(await permissionsOf(id)).toEqual(new Map([[lead, ["docs.write"]]]));
    };
    await expectWriteAlone();
    await world.units.read(async (stores) => {
      expect(await stores.permissions.count(world.uid)).toBe(1);
      expect(await stores.permissions.idsOf(world.uid, [permissionSlug("docs.read")])).toEqual(new Map());
      expect((await stores.permissions.list(world.uid, "", 10)).map(({ slug }) => slug)).toEqual(["docs.write"]);
    });
    const markers = await world.storage.query("SELECT * FROM purges WHERE environment_uid = ?", [world.uid]);
    expect(markers).toMatchObject([{ kind: "permission", subject_id: read }]);

    const again = aPermission("docs.read");
    await write((stores) => stores.permissions.insert(world.uid, again));
    expect(await find("docs.read")).toEqual(again);
    await expectWriteAlone();
    expect(await world.units.lookup((stores) => stores.permissions.countRoles(world.uid, again.id))).toBe(0);
  });
});
