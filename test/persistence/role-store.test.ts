import { type Stores, KeyTaken } from "../../src/application/ports/unit-of-work";
import type { Description, Name, OrganizationId } from "../../src/domain/values";
import { engines } from "../support/engines";
import { failuresOf, many } from "../support/many";
import { aPermission, aRole, newPermissionId, newRoleId, org, slugOf } from "../support/storage";
import { acme, globex, useWorld } from "../support/world";

describe.each(engines)("the role store on $name", (engine) => {
  const world = useWorld(engine);
  const inEnvironment = <T>(work: (stores: Stores) => Promise<T>) =>
    world.units.write(async (stores) => {
      await stores.environments.touch(world.uid);
      return work(stores);
    });
  const inOrganization = <T>(work: (stores: Stores) => Promise<T>, id: OrganizationId = acme) =>
    world.units.write(async (stores) => {
      await stores.organizations.lock(world.uid, [id]);
      return work(stores);
    });
  const ofEnvironment = () => world.units.lookup((stores) => stores.roles.listOfEnvironment(world.uid));
  const ofOrganizations = (...ids: OrganizationId[]) =>
    world.units.lookup((stores) => stores.roles.listOfOrganizations(world.uid, ids));
  const ofOrganization = async (id: OrganizationId) => (await ofOrganizations(id)).get(id)?.customRoles ?? [];
  const permissionsOf = (id: OrganizationId | "", roleId?: ReturnType<typeof newRoleId>) =>
    world.units.lookup((stores) => stores.roles.permissionsOf(world.uid, [id], roleId));
  const tombstone = (changes = {}) => ({
    deletedRevision: 7,
    replacementRoleId: undefined,
    environmentDefaultRoleId: world.ids.member,
    ...changes,
  });

  test("a role is read as it was inserted", async () => {
    const environmentRole = aRole("viewer", {
      name: "Ünïcode 🚀".padEnd(48, "界") as Name,
      description: "a\tb\nc ".padEnd(150, "界") as Description,
      createdRevision: 2 ** 40,
      createTime: 1_790_000_000_123,
      updateTime: 1_790_000_000_456,
    });
    const customRole = aRole("org-viewer", { organizationId: acme });
    await inEnvironment((stores) => stores.roles.insert(world.uid, environmentRole));
    await inOrganization((stores) => stores.roles.insert(world.uid, customRole));
    expect(await ofEnvironment()).toContainEqual(environmentRole);
    expect(await ofOrganization(acme)).toContainEqual(customRole);
    expect(await ofEnvironment()).not.toContainEqual(customRole);
    expect(await ofOrganization(globex)).toHaveLength(1);
  });

  test.each([
    ["an environment role twice", aRole("viewer"), aRole("viewer"), true],
    [
      "an environment role, generated for a custom role",
      aRole("viewer"),
      aRole("viewer", { organizationId: acme }),
      true,
    ],
    [
      "generated for a custom role, an environment role",
      aRole("viewer", { organizationId: acme }),
      aRole("viewer"),
      true,
    ],
    [
      "generated in two organizations",
      aRole("viewer", { organizationId: acme }),
      aRole("viewer", { organizationId: org("initech") }),
      true,
    ],
    [
      "explicit, twice in one organization",
      aRole("org-viewer", { organizationId: acme }),
      aRole("org-viewer", { organizationId: acme }),
      true,
    ],
    [
      "explicit, in two organizations",
      aRole("org-viewer", { organizationId: acme }),
      aRole("org-viewer", { organizationId: org("initech") }),
      false,
    ],
    [
      "explicit, in two organizations whose ids differ in case",
      aRole("org-viewer", { organizationId: org("Acme") }),
      aRole("org-viewer", { organizationId: org("acme") }),
      false,
    ],
    ["with another separator at the end", aRole("viewer"), aRole("viewer-"), false],
    ["cut short", aRole("viewer"), aRole("viewe"), false],
  ])("a slug %s: taken %s", async (_, first, second, taken) => {
    await world.units.write((stores) => stores.roles.insert(world.uid, first));
    const inserted = world.units.write((stores) => stores.roles.insert(world.uid, second));
    if (taken) await expect(inserted).rejects.toEqual(new KeyTaken("role_slug"));
    else await inserted;
    const slugs = await world.storage.query("SELECT slug FROM roles WHERE environment_uid = ? AND id IN (?, ?)", [
      world.uid,
      first.id,
      second.id,
    ]);
    expect(slugs).toHaveLength(taken ? 1 : 2);
  });

  test("of many roles inserted at once with one slug, one is there and the others are KeyTaken", async () => {
    const inserts = many(8, () =>
      inOrganization((stores) => stores.roles.insert(world.uid, aRole("org-x", { organizationId: acme }))),
    );
    expect(await failuresOf(inserts)).toEqual(many(7, () => new KeyTaken("role_slug")));
    expect((await ofOrganization(acme)).filter(({ slug }) => slug === "org-x")).toHaveLength(1);
  });

  test("slugs are compared byte by byte", async () => {
    const slugs = ["case", "Case", "case_", "case.", "case!"].map((slug) => aRole(slug));
    await inEnvironment(async (stores) => {
      for (const role of slugs) await stores.roles.insert(world.uid, role);
    });
    expect(await ofEnvironment()).toEqual(expect.arrayContaining(slugs));
  });

  test("permissions are listed per role, sorted, and for one role alone", async () => {
    const { lead, member, admin, read } = world.ids;
    const both = ["docs.read", "docs.write"];
    await inEnvironment((stores) =>
      stores.roles.removePermissions(world.uid, { id: admin, organizationId: "" }, [read]),
    );
    expect(await permissionsOf("")).toEqual(
      new Map([
        [member, both],
        [admin, ["docs.write"]],
      ]),
    );
    expect(await permissionsOf("", admin)).toEqual(new Map([[admin, ["docs.write"]]]));
    expect(await permissionsOf(acme)).toEqual(new Map([[lead, both]]));
    expect(await permissionsOf(acme, lead)).toEqual(new Map([[lead, both]]));
    expect(await permissionsOf(acme, member)).toEqual(new Map());
    expect(await permissionsOf(org("initech"))).toEqual(new Map());
  });

  test("permissions are sorted by their bytes", async () => {
    const slugs = ["*", "-", ".", "0", ":", "_", "a", "a-b", "a:b", "aa", "z"];
    const role = aRole("viewer");
    const permissions = slugs.map((slug) => aPermission(slug));
    await inEnvironment(async (stores) => {
      for (const permission of permissions.toReversed()) await stores.permissions.insert(world.uid, permission);
      await stores.roles.insert(world.uid, role);
      await stores.roles.addPermissions(
        world.uid,
        role,
        permissions.map(({ id }) => id),
      );
    });
    expect((await permissionsOf("", role.id)).get(role.id)).toEqual(slugs);
  });

  test("permissions that are added or removed are those alone", async () => {
    const { lead, read, write } = world.ids;
    const role = { id: lead, organizationId: acme };
    const audit = aPermission("audit");
    await inEnvironment((stores) => stores.permissions.insert(world.uid, audit));
    await inOrganization((stores) => stores.roles.addPermissions(world.uid, role, [audit.id]));
    expect((await permissionsOf(acme)).get(lead)).toEqual(["audit", "docs.read", "docs.write"]);
    await inOrganization((stores) => stores.roles.removePermissions(world.uid, role, [read, newPermissionId()]));
    expect((await permissionsOf(acme)).get(lead)).toEqual(["audit", "docs.write"]);
    await inOrganization(async (stores) => {
      await stores.roles.addPermissions(world.uid, role, []);
      await stores.roles.removePermissions(world.uid, role, []);
    });
    expect((await permissionsOf(acme)).get(lead)).toEqual(["audit", "docs.write"]);
    await inOrganization((stores) => stores.roles.removePermissions(world.uid, role, [audit.id, write]));
    expect(await permissionsOf(acme)).toEqual(new Map());
    expect((await permissionsOf("")).get(world.ids.member)).toEqual(["docs.read", "docs.write"]);
  });

  test.each([
    ["the name", { name: "Neu" as Name }],
    ["the description", { description: "Neu\n🚀" as Description }],
    ["the time", { updateTime: 5 }],
  ])("an update of %s changes just that", async (_, changes) => {
    const [role] = await ofOrganization(acme);
    const environmentRoles = await ofEnvironment();
    await inOrganization((stores) =>
      stores.roles.update(world.uid, { id: world.ids.lead, organizationId: acme }, changes),
    );
    expect(await ofOrganization(acme)).toEqual([{ ...role, ...changes }]);
    expect(await ofEnvironment()).toEqual(environmentRoles);
  });

  test("an update of an environment role changes no other", async () => {
    const before = await ofEnvironment();
    const changes = { name: "Neu" as Name, description: "Neu" as Description, updateTime: 5 };
    await inEnvironment((stores) =>
      stores.roles.update(world.uid, { id: world.ids.admin, organizationId: "" }, changes),
    );
    const expected = before.map((role) => (role.id === world.ids.admin ? { ...role, ...changes } : role));
    expect(new Set(await ofEnvironment())).toEqual(new Set(expected));
  });

  test.each([
    ["with a replacement", { replacementRoleId: newRoleId() }],
    ["without a replacement", {}],
  ])("a role buried %s is a tombstone without permissions", async (_, changes) => {
    const admin = (await ofEnvironment()).find(({ id }) => id === world.ids.admin);
    await inEnvironment((stores) => stores.roles.softDelete(world.uid, world.ids.admin, tombstone(changes), 9000));
    const after = await ofEnvironment();
    expect(after).toHaveLength(2);
    expect(after).toContainEqual({ ...admin, updateTime: 9000, tombstone: tombstone(changes) });
    expect(after.find(({ id }) => id === world.ids.member)?.tombstone).toBeUndefined();
    expect([...(await permissionsOf("")).keys()]).toEqual([world.ids.member]);
  });

  test("the slug of a tombstone is free, again and again", async () => {
    await inEnvironment((stores) => stores.roles.softDelete(world.uid, world.ids.admin, tombstone(), 9000));
    const second = aRole("admin");
    await inEnvironment((stores) => stores.roles.insert(world.uid, second));
    await inEnvironment((stores) =>
      stores.roles.softDelete(world.uid, second.id, tombstone({ deletedRevision: 9 }), 9000),
    );
    await inOrganization((stores) => stores.roles.insert(world.uid, aRole("admin", { organizationId: acme })));
    const admins = (await ofEnvironment()).filter(({ slug }) => slug === slugOf("admin"));
    expect(admins.map((role) => role.tombstone?.deletedRevision)).toEqual(expect.arrayContaining([7, 9]));
  });

  test("a replaced custom role leaves a reference to what took its place, no permissions, and its slug free", async () => {
    const [successor, extra] = [newRoleId(), aRole("org-extra", { organizationId: acme })];
    await inOrganization((stores) => stores.roles.insert(world.uid, extra));
    await inOrganization((stores) => stores.roles.replace(world.uid, acme, world.ids.lead, successor));
    expect((await ofOrganizations(acme)).get(acme)).toEqual({
      customRoles: [extra],
      replaced: new Map([[world.ids.lead, successor]]),
    });
    expect(await permissionsOf(acme)).toEqual(new Map());
    expect(await world.units.lookup((stores) => stores.roles.listReplaced(world.uid))).toEqual([
      { id: world.ids.lead, organizationId: acme },
    ]);
    expect(await world.units.lookup((stores) => stores.roles.listReplaced(world.other.uid))).toEqual([]);
    expect((await ofOrganizations(globex)).get(globex)?.replaced).toEqual(new Map());
    expect(await ofEnvironment()).toHaveLength(2);

    const again = aRole("org-lead", { organizationId: acme });
    await inOrganization((stores) => stores.roles.insert(world.uid, again));
    await inOrganization((stores) => stores.roles.replace(world.uid, acme, again.id, extra.id));
    const replaced = new Map([
      [world.ids.lead, successor],
      [again.id, extra.id],
    ]);
    expect((await ofOrganizations(acme)).get(acme)).toEqual({ customRoles: [extra], replaced });
    await inOrganization((stores) => stores.roles.remove(world.uid, acme, world.ids.lead));
    replaced.delete(world.ids.lead);
    expect((await ofOrganizations(acme)).get(acme)).toEqual({ customRoles: [extra], replaced });
  });

  test("the deleted custom roles of all organizations are listed together, tombstones are not", async () => {
    const initech = org("initech");
    const extra = aRole("org-extra", { organizationId: initech });
    await world.units.write((stores) => stores.roles.insert(world.uid, extra));
    await inEnvironment((stores) =>
      stores.roles.softDelete(world.uid, world.ids.admin, tombstone({ replacementRoleId: world.ids.member }), 9000),
    );
    await inOrganization((stores) => stores.roles.replace(world.uid, acme, world.ids.lead, world.ids.member));
    await inOrganization((stores) => stores.roles.replace(world.uid, initech, extra.id, world.ids.member), initech);
    const listed = await world.units.lookup((stores) => stores.roles.listReplaced(world.uid));
    expect(new Set(listed)).toEqual(
      new Set([
        { id: world.ids.lead, organizationId: acme },
        { id: extra.id, organizationId: initech },
      ]),
    );
  });

  test("roles of several organizations are read at once, those without any are absent", async () => {
    const found = await ofOrganizations(globex, org("initech"), acme, org("Acme"));
    expect([...found.keys()].toSorted()).toEqual([acme, globex]);
    for (const [organizationId, { customRoles, replaced }] of found) {
      expect(customRoles).toEqual([aRole("org-lead", { id: world.ids.lead, organizationId })]);
      expect(replaced).toEqual(new Map());
    }
    expect(await ofOrganizations()).toEqual(new Map());
  });

  test("permissions of several scopes are read at once, for one role too", async () => {
    const { member, admin, lead } = world.ids;
    const both = ["docs.read", "docs.write"];
    const extra = aRole("org-extra", { organizationId: acme });
    await inOrganization(async (stores) => {
      await stores.roles.insert(world.uid, extra);
      await stores.roles.addPermissions(world.uid, extra, [world.ids.read]);
    });
    const read = (scopes: (OrganizationId | "")[], roleId?: typeof member) =>
      world.units.lookup((stores) => stores.roles.permissionsOf(world.uid, scopes, roleId));
    expect(await read(["", acme])).toEqual(
      new Map([
        [member, both],
        [admin, both],
        [lead, both],
        [extra.id, ["docs.read"]],
      ]),
    );
    expect(await read([acme, org("initech")])).toEqual(
      new Map([
        [lead, both],
        [extra.id, ["docs.read"]],
      ]),
    );
    expect(await read(["", acme], extra.id)).toEqual(new Map([[extra.id, ["docs.read"]]]));
    expect(await read([""], extra.id)).toEqual(new Map());
  });

  test("a removed custom role is gone with its permissions, and its slug is free", async () => {
    const extra = aRole("org-extra", { organizationId: acme });
    await inOrganization(async (stores) => {
      await stores.roles.insert(world.uid, extra);
      await stores.roles.addPermissions(world.uid, extra, [world.ids.read]);
    });
    await inOrganization((stores) => stores.roles.remove(world.uid, acme, world.ids.lead));
    expect(await ofOrganization(acme)).toEqual([extra]);
    expect(await permissionsOf(acme)).toEqual(new Map([[extra.id, ["docs.read"]]]));
    expect(await ofOrganization(globex)).toHaveLength(1);

    const again = aRole("org-lead", { id: world.ids.lead, organizationId: acme });
    await inOrganization((stores) => stores.roles.insert(world.uid, again));
    expect(await ofOrganization(acme)).toEqual(expect.arrayContaining([extra, again]));
    expect((await permissionsOf(acme)).get(again.id)).toBeUndefined();
  });

  test("removing all custom roles of an organization leaves it none, and the environment its own", async () => {
    await inOrganization((stores) => stores.roles.insert(world.uid, aRole("org-extra", { organizationId: acme })));
    await inOrganization((stores) => stores.roles.removeAll(world.uid, acme));
    expect(await ofOrganization(acme)).toEqual([]);
    expect(await permissionsOf(acme)).toEqual(new Map());
    expect(await ofEnvironment()).toHaveLength(2);
    expect((await permissionsOf("")).size).toBe(2);
    expect((await permissionsOf(globex)).size).toBe(1);
  });
});
