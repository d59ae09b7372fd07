import { type Stores, KeyTaken } from "../../src/application/ports/unit-of-work";
import { Refusal } from "../../src/domain/errors";
import type { RequestId } from "../../src/domain/values";
import { Conflict } from "../../src/persistence/connection/driver-errors";
import { engines, servers } from "../support/engines";
import { failuresOf, many } from "../support/many";
import {
  aMember,
  anEnvironment,
  anOrganization,
  aPermission,
  aRole,
  group,
  openStorage,
  org,
  waitsForLock,
} from "../support/storage";
import { acme, useWorld } from "../support/world";

describe.each(engines)("the unit of work on $name", (engine) => {
  const world = useWorld(engine);
  const revision = async () => (await world.units.lookup((stores) => stores.environments.get(world.uid)))?.revision;

  test("everything a closure did before it threw is rolled back, in every store", async () => {
    const newborn = anEnvironment();
    const all = async () => {
      const tables = [
        "environments",
        "environment_anchors",
        "organizations",
        "roles",
        "role_permissions",
        "permissions",
        "role_assignments",
        "group_roles",
        "successions",
        "role_collapses",
        "purges",
        "answered_requests",
      ];
      return Promise.all(tables.map((name) => world.storage.query(`SELECT * FROM ${name} ORDER BY 1, 2`)));
    };
    const before = await all();
    const { uid, ids } = world;
    const refusal = new Refusal("ROLE_NOT_FOUND", "no");
    const failed = world.units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.environments.update(uid, { order: [] });
      await stores.environments.insert(newborn);
      await stores.environments.lockMemberRoles(uid);
      await stores.environments.requestRewriting(uid);
      await stores.environments.insertMultipleRolesDisabled(uid, {
        revision: 2,
        order: [ids.member],
        createTime: 7000,
      });
      await stores.environments.closeToNewOrganizations(newborn.uid);
      await stores.organizations.lock(uid, [acme]);
      await stores.organizations.insert(uid, [anOrganization("initech")]);
      await stores.organizations.saveOwn(uid, acme, undefined);
      await stores.organizations.remove(uid, { id: acme, uid: ids.acme }, 7000);
      await stores.roles.insert(uid, aRole("viewer"));
      await stores.roles.replace(uid, acme, ids.lead, ids.member);
      await stores.roles.remove(uid, acme, ids.lead);
      await stores.roles.softDelete(
        uid,
        ids.admin,
        {
          deletedRevision: 2,
          replacementRoleId: undefined,
          environmentDefaultRoleId: ids.member,
        },
        7000,
      );
      await stores.permissions.insert(uid, aPermission("audit"));
      await stores.permissions.remove(uid, ids.read, 7000);
      await stores.memberships.put(uid, [aMember(ids.acme, "ann", [ids.admin]), aMember(ids.acme, "eve", [ids.admin])]);
      await stores.memberships.remove(uid, aMember(ids.acme, "bob", []));
      await stores.groupRoles.put(uid, ids.acme, {
        groupId: group("eves"),
        roleId: ids.admin,
        createTime: 1,
        updateTime: 1,
      });
      await stores.groupRoles.remove(uid, ids.acme, group("crew"));
      await stores.idempotency.save(
        world.environment.id,
        { requestId: "r" as RequestId, fingerprint: "", answer: "", createTime: 1 },
        0,
      );
      await stores.environments.remove(world.other.uid, 7000);
      throw refusal;
    });
    await expect(failed).rejects.toBe(refusal);
    expect(await all()).toEqual(before);
  });

  test("what a closure threw reaches the caller as it is, and is not tried again", async () => {
    for (const thrown of [new KeyTaken("role_slug"), new Refusal("ETAG_MISMATCH", "no"), new TypeError("a bug")]) {
      let runs = 0;
      const failed = world.units.write(async () => {
        runs += 1;
        throw thrown;
      });
      await expect(failed).rejects.toBe(thrown);
      expect(runs).toBe(1);
    }
  });

  test.each([
    ["SQL", (stores: Stores) => stores.environments.get(world.uid)],
    ["a repository", (stores: Stores) => stores.permissions.count(world.uid)],
  ])("once the caller has given up nothing begins, and nothing stays: %s", async (_, next) => {
    const gone = new Error("given up");
    let waits = true;
    const signal = {
      throwIfAborted() {
        if (!waits) throw gone;
      },
    };
    const failed = world.units.write(async (stores) => {
      await stores.environments.touch(world.uid);
      await stores.permissions.insert(world.uid, aPermission("audit"));
      waits = false;
      await next(stores);
    }, signal);
    await expect(failed).rejects.toBe(gone);
    await expect(world.units.write(async () => "begun", signal)).rejects.toBe(gone);
    expect(await revision()).toBe(1);
    expect(await world.units.lookup((stores) => stores.permissions.count(world.uid))).toBe(2);
  });

  test("after a conflict the whole closure runs again, on what is there then, and commits once", async () => {
    let runs = 0;
    const answer = await world.units.write(async (stores) => {
      runs += 1;
      await stores.environments.touch(world.uid);
      await stores.permissions.insert(world.uid, aPermission("audit"));
      if (runs < 4) throw new Conflict("met another one");
      return (await stores.environments.get(world.uid))?.revision;
    });
    expect([runs, answer, await revision()]).toEqual([4, 2, 2]);
    expect(await world.units.lookup((stores) => stores.permissions.count(world.uid))).toBe(3);
  });

  test.each(["write", "read", "lookup"] as const)("a %s that conflicts without end is given up", async (way) => {
    let runs = 0;
    const failed = world.units[way](async () => {
      runs += 1;
      throw new Conflict("met another one");
    });
    await expect(failed).rejects.toMatchObject({ reason: "CONFLICT_RETRY", details: { retryAfter: 100 } });
    expect(runs).toBe(8);
  });

  test("a read sees one state, however much is committed while it reads", async () => {
    const { uid } = world;
    const raise = () =>
      world.units.write(async (stores) => {
        await stores.environments.touch(uid);
        const count = await stores.permissions.count(uid);
        await stores.permissions.insert(uid, aPermission(`p${count}`));
      });
    const writers = many(10, raise);
    const readers = many(10, () =>
      world.units.read(async (stores) => {
        const first = (await stores.environments.get(uid))?.revision ?? 0;
        const count = await stores.permissions.count(uid);
        const listed = await stores.permissions.list(uid, "", 100);
        const last = (await stores.environments.get(uid))?.revision;
        expect([count, listed.length, last]).toEqual([first + 1, first + 1, first]);
      }),
    );
    await Promise.all([...writers, ...readers]);
    expect(await revision()).toBe(11);
  });

  test("nobody reads what is not committed, not even while it is being written", async () => {
    const { uid } = world;
    let reads: Promise<unknown[]> | undefined;
    const look = () =>
      Promise.all([
        world.units.read(async (stores) => [
          (await stores.environments.get(uid))?.revision,
          await stores.permissions.count(uid),
        ]),
        world.units.lookup((stores) => stores.permissions.count(uid)),
      ]);
    const failed = world.units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.permissions.insert(uid, aPermission("audit"));
      reads ??= look();
      await stores.permissions.insert(uid, aPermission("billing"));
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    expect(await reads).toEqual([[1, 2], 2]);
  });

  test("every read that begins after an acknowledgement has the write, over any connection", async () => {
    const { uid, units } = world;
    const second = await openStorage(engine, world.storage.at);
    const seen: unknown[] = [];
    for (let count = 2; count <= 8; count += 1) {
      await units.write(async (stores) => {
        await stores.environments.touch(uid);
        await stores.environments.update(uid, { updateTime: count });
      });
      const looks = [units, units, second.units, second.units].map((each, index) =>
        each[index % 2 ? "read" : "lookup"]((stores) => stores.environments.get(uid)),
      );
      for (const environment of await Promise.all(looks)) seen.push(environment?.revision, environment?.updateTime);
    }
    await second.close();
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8].flatMap((count) => many(8, () => count)));
  });

  test("a closed database refuses everything as unavailable", async () => {
    const second = await openStorage(engine, world.storage.at);
    await second.close();
    const refused = await failuresOf(
      (["write", "read", "lookup"] as const).map((way) =>
        second.units[way]((stores) => stores.environments.list("", 1)),
      ),
    );
    expect(refused).toEqual(many(3, () => expect.objectContaining({ reason: "DATABASE_UNAVAILABLE" })));
  });
});

describe.each(servers)("transactions that meet on $name", (engine) => {
  const world = useWorld(engine);

  test("of two transactions that wait for each other both are done in the end", async () => {
    const { uid, units } = world;
    await units.write((stores) => stores.organizations.insert(uid, [anOrganization("initech")]));
    const pair = (first: string, second: string) => {
      let runs = 0;
      const done = units.write(async (stores) => {
        runs += 1;
        await stores.organizations.lock(uid, [org(first)]);
        if (runs === 1) await bothHaveTheirs();
        await stores.organizations.lock(uid, [org(second)]);
      });
      return { done, runs: () => runs };
    };
    const bothHaveTheirs = barrier(2);
    const pairs = [pair("acme", "initech"), pair("initech", "acme")];
    await Promise.all(pairs.map(({ done }) => done));
    expect(pairs.map(({ runs }) => runs()).toSorted((a, b) => a - b)).toEqual([1, 2]);
    const both = await units.lookup((stores) => stores.organizations.find(uid, ["acme", "initech"].map(org)));
    expect(both.map(({ id, revision: raised }) => [id, raised])).toEqual([
      ["acme", 3],
      ["initech", 3],
    ]);
  });

  test("of writers over two pools at once none is lost", async () => {
    const second = await openStorage(engine, world.storage.at);
    const add = async (stores: Stores) => {
      await stores.environments.touch(world.uid);
      const environment = await stores.environments.get(world.uid);
      await stores.environments.update(world.uid, { order: [...(environment?.order ?? []), world.ids.admin] });
    };
    await Promise.all(many(100, (index) => (index % 2 ? second : world.storage).units.write(add)));
    await second.close();
    const environment = await world.units.lookup((stores) => stores.environments.get(world.uid));
    expect(environment).toMatchObject({
      revision: 101,
      order: many(101, (index) => world.ids[index ? "admin" : "member"]),
    });
  });

  test("reads do not wait for writes", async () => {
    const { uid, units } = world;
    await units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.permissions.insert(uid, aPermission("audit"));
      expect(await units.read((others) => others.permissions.count(uid))).toBe(2);
      expect(await units.lookup((others) => others.permissions.count(uid))).toBe(2);
    });
    expect(await units.read((stores) => stores.permissions.count(uid))).toBe(3);
  });

  test("a write reads what was committed after it began", async () => {
    const { uid, units } = world;
    const counts = await units.write(async (stores) => {
      await stores.organizations.lock(uid, [acme]);
      const before = await stores.permissions.count(uid);
      await units.write((others) => others.permissions.insert(uid, aPermission(`p${before}`)));
      return [before, await stores.permissions.count(uid)];
    });
    expect(counts).toEqual([2, 3]);
  });

  test("what goes on after the end of its transaction does not get into another one", async () => {
    let leaked: Stores | undefined;
    await world.units.write(async (stores) => {
      leaked = stores;
      await stores.environments.touch(world.uid);
    });
    await expect(leaked?.environments.get(world.uid)).rejects.toThrow("released");
    await expect(leaked?.permissions.count(world.uid)).rejects.toThrow("released");
  });

  test("a row that another transaction inserts and takes back is no KeyTaken", async () => {
    const { uid, units, storage } = world;
    let second: Promise<void> | undefined;
    const failed = units.write(async (stores) => {
      await stores.roles.insert(uid, aRole("viewer"));
      second ??= units.write((others) => others.roles.insert(uid, aRole("viewer")));
      await waitsForLock(storage);
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    await second;
    const roles = await units.lookup((stores) => stores.roles.listOfEnvironment(uid));
    expect(roles.filter(({ slug }) => slug === "viewer")).toHaveLength(1);
  });
});

/** Resolves for everyone when the last of them has come. */
function barrier(count: number): () => Promise<void> {
  let left = count;
  let open: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return () => {
    left -= 1;
    if (left === 0) open();
    return opened;
  };
}
