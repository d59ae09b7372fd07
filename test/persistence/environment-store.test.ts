import { type Stores, type UnitOfWork, KeyTaken } from "../../src/application/ports/unit-of-work";
import type { Name } from "../../src/domain/values";
import { engines, servers } from "../support/engines";
import { failuresOf, many } from "../support/many";
import {
  aMember,
  anEnvironment,
  anOrganization,
  aPermission,
  aRole,
  environmentId,
  newRoleId,
  newUid,
  waitsForLock,
} from "../support/storage";
import { acme, useWorld } from "../support/world";

const collapse = (revision: number, order = [newRoleId(), newRoleId()]) => ({
  revision,
  order,
  createTime: 1_790_000_000_000 + revision,
});

async function insertEnvironment(units: UnitOfWork) {
  const environment = anEnvironment();
  await units.write((stores) => stores.environments.insert(environment));
  return environment;
}

describe.each(engines)("the environment store on $name", (engine) => {
  const world = useWorld(engine);

  test("an environment is found as it was inserted, by id and by uid", async () => {
    const environment = anEnvironment({
      displayName: "Prod 🚀 Ünïcode" as Name,
      multipleRolesEnabled: true,
      createTime: 1_790_000_000_123,
      updateTime: 1_790_000_000_456,
      order: [newRoleId(), newRoleId(), newRoleId()],
    });
    await world.units.write((stores) => stores.environments.insert(environment));
    await world.units.read(async (stores) => {
      expect(await stores.environments.find(environment.id)).toEqual(environment);
      expect(await stores.environments.get(environment.uid)).toEqual(environment);
    });
  });

  test("an environment that is not there is undefined, and no touch finds it", async () => {
    const uid = newUid();
    await world.units.read(async (stores) => {
      expect(await stores.environments.find(environmentId("nowhere"))).toBeUndefined();
      expect(await stores.environments.get(uid)).toBeUndefined();
    });
    expect(await world.units.write((stores) => stores.environments.touch(uid))).toBe(false);
  });

  test("ids are compared byte by byte", async () => {
    const ids = ["Case", "case", "CASE", "case.", "case!", "case~", "c"].map((id) => `${world.uid}${id}`);
    for (const id of ids)
      await world.units.write((stores) => stores.environments.insert(anEnvironment({ id: environmentId(id) })));
    await world.units.read(async (stores) => {
      for (const id of ids) expect((await stores.environments.find(environmentId(id)))?.id).toBe(id);
      expect(await stores.environments.find(environmentId(`${world.uid}cASE`))).toBeUndefined();
      expect(await stores.environments.find(environmentId(`${world.uid}C`))).toBeUndefined();
      const wanted = ["c", "case", "Case", "nowhere"].map((id) => environmentId(`${world.uid}${id}`));
      const found = await stores.environments.findAll(wanted);
      expect(found.map(({ id }) => id)).toEqual(["Case", "c", "case"].map((id) => `${world.uid}${id}`));
      expect(await stores.environments.findAll([])).toEqual([]);
    });
  });

  test("a second environment with the id of the first is KeyTaken, and leaves nothing", async () => {
    const again = anEnvironment({ id: world.environment.id });
    const inserted = world.units.write((stores) => stores.environments.insert(again));
    await expect(inserted).rejects.toEqual(new KeyTaken("environment"));
    expect(await world.units.lookup((stores) => stores.environments.get(again.uid))).toBeUndefined();
    expect(await world.units.lookup((stores) => stores.environments.find(world.environment.id))).toEqual(
      world.environment,
    );
  });

  test("of many environments inserted at once with one id, one is there and the others are KeyTaken", async () => {
    const id = environmentId(`once-${world.uid}`);
    const inserts = many(8, () => world.units.write((stores) => stores.environments.insert(anEnvironment({ id }))));
    expect(await failuresOf(inserts)).toEqual(many(7, () => new KeyTaken("environment")));
    expect((await world.units.lookup((stores) => stores.environments.find(id)))?.id).toBe(id);
  });

  test("a list holds the environments behind the given id, in order of their bytes, no more than the limit", async () => {
    const prefix = `list-${world.uid}`;
    const ids = ["!", "-", "0", "A", "Z", "_", "a", "aa", "b", "~"].map((end) => prefix + end);
    for (const id of ids.toReversed())
      await world.units.write((stores) => stores.environments.insert(anEnvironment({ id: environmentId(id) })));
    const list = async (after: string, limit: number) =>
      (await world.units.lookup((stores) => stores.environments.list(after, limit))).map(({ id }) => id);
    expect(await list(prefix, 10)).toEqual(ids);
    expect(await list(`${prefix}A`, 3)).toEqual([`${prefix}Z`, `${prefix}_`, `${prefix}a`]);
    expect(await list(`${prefix}a`, 2)).toEqual([`${prefix}aa`, `${prefix}b`]);
    expect(await list(`${prefix}ab`, 1)).toEqual([`${prefix}b`]);
  });

  test("a touch raises the revision by one and nothing else, also many at once", async () => {
    const { uid } = world;
    const touches = many(10, () => world.units.write((stores) => stores.environments.touch(uid)));
    expect(await Promise.all(touches)).toEqual(many(10, () => true));
    expect(await world.units.lookup((stores) => stores.environments.get(uid))).toEqual({
      ...world.environment,
      revision: 11,
    });
  });

  test.each([
    ["the name", { displayName: "Neu" as Name }],
    ["the switch", { multipleRolesEnabled: true }],
    ["the time", { updateTime: 2_000_000_000_000 }],
    ["the default role", { defaultRoleId: newRoleId() }],
    ["the order", { order: [newRoleId(), newRoleId()] }],
    ["an order of nothing", { order: [] }],
    ["an order of 1000 roles", { order: Array.from({ length: 1000 }, newRoleId) }],
    ["several at once", { displayName: "Neu" as Name, multipleRolesEnabled: true, order: [], updateTime: 5 }],
  ])("an update of %s changes just that", async (_, changes) => {
    await world.units.write(async (stores) => {
      await stores.environments.touch(world.uid);
      await stores.environments.update(world.uid, changes);
    });
    const after = await world.units.lookup((stores) => stores.environments.get(world.uid));
    expect(after).toEqual({ ...world.environment, revision: 2, ...changes });
  });

  test("a removed environment is out of sight at once whatever it holds, and its id is free", async () => {
    const { uid, environment } = world;
    await world.units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.environments.remove(uid, 7000);
    });
    await world.units.read(async (stores) => {
      expect(await stores.environments.find(environment.id)).toBeUndefined();
      expect(await stores.environments.get(uid)).toBeUndefined();
      const listed = await stores.environments.list(environment.id.slice(0, -1), 1000);
      expect(listed.map(({ id }) => id)).not.toContain(environment.id);
    });
    expect(await world.units.write((stores) => stores.environments.touch(uid))).toBe(false);
    const markers = await world.storage.query("SELECT * FROM purges WHERE environment_uid = ?", [uid]);
    expect(markers).toMatchObject([{ kind: "environment", subject_id: "" }]);

    const successor = anEnvironment({ id: environment.id });
    await world.units.write(async (stores) => {
      await stores.environments.insert(successor);
      await stores.roles.insert(successor.uid, aRole("member"));
      await stores.permissions.insert(successor.uid, aPermission("docs.read"));
    });
    await world.units.read(async (stores) => {
      expect(await stores.environments.find(environment.id)).toEqual(successor);
      expect(await stores.organizations.count(successor.uid)).toBe(0);
      expect(await stores.permissions.count(successor.uid)).toBe(1);
      expect(await stores.roles.listOfEnvironment(successor.uid)).toHaveLength(1);
    });
  });

  test("ends of multiple roles are kept as they were, in order of their revisions, and removed one by one", async () => {
    const { uid, units } = world;
    const [first, second, third] = [
      collapse(9),
      collapse(2 ** 40),
      collapse(100, Array.from({ length: 1000 }, newRoleId)),
    ];
    for (const each of [second, first, third])
      await units.write(async (stores) => {
        await stores.environments.touch(uid);
        await stores.environments.insertMultipleRolesDisabled(uid, each);
      });
    const collapses = (of = uid) => units.lookup((stores) => stores.environments.listMultipleRolesDisabled(of));
    expect(await collapses()).toEqual([first, third, second]);
    expect(await collapses(world.other.uid)).toEqual([]);
    await units.write((stores) => stores.environments.removeMultipleRolesDisabled(uid, third.revision));
    expect(await collapses()).toEqual([first, second]);
    await units.write((stores) => stores.environments.removeMultipleRolesDisabled(uid, 8));
    expect(await collapses()).toEqual([first, second]);
  });

  test("a sweep is asked for until it has ended, and every lock of the succession counts as a touch", async () => {
    const { uid, units } = world;
    const change = (work: (stores: Stores) => Promise<void>) =>
      units.write(async (stores) => {
        await stores.environments.touch(uid);
        await stores.environments.lockMemberRoles(uid);
        await work(stores);
      });
    const requested = async () => {
      const requests = await units.lookup((stores) => stores.environments.listRewritingRequests());
      expect(requests.map((request) => request.uid)).not.toContain(world.other.uid);
      return requests.filter((request) => request.uid === uid);
    };
    expect(await requested()).toEqual([]);
    await change(async () => undefined);
    expect(await requested()).toEqual([]);
    await change((stores) => stores.environments.requestRewriting(uid));
    expect(await requested()).toEqual([{ uid, touches: 2 }]);
    await change((stores) => stores.environments.requestRewriting(uid));
    expect(await requested()).toEqual([{ uid, touches: 3 }]);
    await change(async () => undefined);
    expect(await requested()).toEqual([{ uid, touches: 4 }]);
    await change((stores) => stores.environments.endRewriting(uid));
    expect(await requested()).toEqual([]);
    await change((stores) => stores.environments.requestRewriting(uid));
    expect(await requested()).toEqual([{ uid, touches: 6 }]);
    await change((stores) => stores.environments.endRewriting(uid));
  });

  test("closing to new organizations ends with the transaction that closed, whichever way it ends", async () => {
    const { uid } = await insertEnvironment(world.units);
    await world.units.write((stores) => stores.environments.closeToNewOrganizations(uid));
    const failed = world.units.write(async (stores) => {
      await stores.environments.closeToNewOrganizations(uid);
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    await world.units.write((stores) => stores.organizations.insert(uid, [anOrganization("late")]));
    expect(await world.units.lookup((stores) => stores.organizations.count(uid))).toBe(1);
    expect(await world.units.lookup((stores) => stores.organizations.count(world.uid))).toBe(2);
  });

  test("an environment that has an organization is not closed, and is not changed", async () => {
    const { uid } = world;
    const closing = world.units.write((stores) => stores.environments.closeToNewOrganizations(uid));
    await expect(closing).rejects.toMatchObject({ reason: "CONFLICT_RETRY" });
    await world.units.write((stores) => stores.organizations.insert(uid, [anOrganization("late")]));
    expect(await world.units.lookup((stores) => stores.organizations.count(uid))).toBe(3);
  });
});

describe.each(servers)("environments and organizations at once on $name", (engine) => {
  const world = useWorld(engine);

  test("closing waits for an organization that is coming into being, and then runs again and sees it", async () => {
    const { units } = world;
    const { uid } = await insertEnvironment(units);
    const seen: number[] = [];
    let closing: Promise<unknown> | undefined;
    await units.write(async (stores) => {
      await stores.organizations.insert(uid, [anOrganization("newborn")]);
      closing ??= units.write(async (others) => {
        seen.push(await others.organizations.count(uid));
        if (seen.at(-1) === 0) await others.environments.closeToNewOrganizations(uid);
      });
      await waitsForLock(world.storage);
      expect(seen).toEqual([0]);
    });
    await closing;
    expect(seen).toEqual([0, 1]);
  });

  test("an organization that wants to come into being after the closing waits for its end", async () => {
    const { units } = world;
    const { uid } = await insertEnvironment(units);
    let birth: Promise<void> | undefined;
    const count = await units.write(async (stores) => {
      await stores.environments.closeToNewOrganizations(uid);
      birth ??= units.write((others) => others.organizations.insert(uid, [anOrganization("newborn")]));
      await waitsForLock(world.storage);
      return stores.organizations.count(uid);
    });
    expect(count).toBe(0);
    await birth;
    expect(await units.lookup((stores) => stores.organizations.count(uid))).toBe(1);
  });

  test("the lock of the succession keeps out who wants it too until it is committed, who then sees what was done", async () => {
    const { uid, units } = world;
    const seen: number[] = [];
    let second: Promise<void> | undefined;
    await units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.environments.lockMemberRoles(uid);
      second ??= units.write(async (others) => {
        await others.organizations.lock(uid, [acme]);
        await others.environments.lockMemberRoles(uid);
        seen.push((await others.environments.listMultipleRolesDisabled(uid)).length);
      });
      await waitsForLock(world.storage);
      seen.push((await stores.environments.listMultipleRolesDisabled(uid)).length);
      await stores.environments.insertMultipleRolesDisabled(uid, collapse(2));
    });
    await second;
    expect(seen).toEqual([0, 1]);
  });

  test("the lock of the succession is free again when its transaction was rolled back", async () => {
    const { uid, units } = world;
    const failed = units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.environments.lockMemberRoles(uid);
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    await units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.environments.lockMemberRoles(uid);
    });
  });

  test("the lock of the succession holds up nothing else: no reads, no other environment, no other writes", async () => {
    const { uid, units } = world;
    const elsewhere = anEnvironment();
    await units.write((stores) => stores.environments.insert(elsewhere));
    await units.write(async (stores) => {
      await stores.environments.lockMemberRoles(uid);
      await units.write(async (others) => {
        expect(await others.environments.touch(uid)).toBe(true);
        expect(await others.organizations.lock(uid, [acme])).toHaveLength(1);
        await others.organizations.insert(uid, [anOrganization(`newborn-${newUid()}`)]);
        await others.memberships.put(uid, [aMember(world.ids.acme, "eve", [world.ids.member])]);
        await others.environments.lockMemberRoles(elsewhere.uid);
      });
      await units.read((others) => others.environments.listRewritingRequests());
    });
  });

  test("a locked organization keeps other writes to it out until it is committed, and none to others", async () => {
    const { uid, units } = world;
    const initech = anOrganization("initech");
    await units.write((stores) => stores.organizations.insert(uid, [initech]));
    const seen: (number | undefined)[] = [];
    let second: Promise<void> | undefined;
    await units.write(async (stores) => {
      await stores.organizations.lock(uid, [acme]);
      second ??= units.write(async (others) => {
        const [, locked] = await others.organizations.lock(uid, [initech.id, acme].toSorted());
        const [found] = await others.organizations.find(uid, [acme]);
        seen.push(found?.revision, locked?.revision);
      });
      await waitsForLock(world.storage);
      seen.push((await stores.organizations.find(uid, [acme]))[0]?.revision);
    });
    await second;
    expect(seen).toEqual([2, 3, 2]);
  });

  test("closing one environment does not hold up the organizations of others", async () => {
    const { uid, units } = world;
    const [before, closed, after] = [
      await insertEnvironment(units),
      await insertEnvironment(units),
      await insertEnvironment(units),
    ];
    await units.write(async (stores) => {
      await stores.environments.closeToNewOrganizations(closed.uid);
      for (const open of [uid, before.uid, after.uid])
        await units.write((others) => others.organizations.insert(open, [anOrganization("newborn")]));
    });
    expect(await units.lookup((stores) => stores.organizations.count(uid))).toBe(3);
    expect(await units.lookup((stores) => stores.organizations.count(after.uid))).toBe(1);
  });

  test("writes to the environment and writes to its organizations never wait for each other", async () => {
    const { uid, units } = world;
    await units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.environments.update(uid, { order: [] });
      expect(await units.write((others) => others.organizations.lock(uid, [acme]))).toHaveLength(1);
      await units.write((others) => others.organizations.insert(uid, [anOrganization(`newborn-${newUid()}`)]));
    });
    await units.write(async (stores) => {
      await stores.organizations.lock(uid, [acme]);
      await stores.organizations.insert(uid, [anOrganization(`newborn-${newUid()}`)]);
      expect(await units.write((others) => others.environments.touch(uid))).toBe(true);
    });
  });

  test("a touched environment keeps other environment-level writes out until it is committed", async () => {
    const { uid, units } = world;
    const seen: (number | undefined)[] = [];
    let second: Promise<void> | undefined;
    await units.write(async (stores) => {
      await stores.environments.touch(uid);
      second ??= units.write(async (others) => {
        await others.environments.touch(uid);
        seen.push((await others.environments.get(uid))?.revision);
      });
      await waitsForLock(world.storage);
      seen.push((await stores.environments.get(uid))?.revision);
    });
    await second;
    expect(seen).toEqual([2, 3]);
  });
});
