import { type TestDatabase, type TestEngine, engines } from "../support/engines";
import { failuresOf, many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";
import { listOrg, outcomeOf } from "../support/race";
import { serving } from "../support/service";
import { aPermission, queryOnce } from "../support/storage";
import { until } from "../support/until";
import { useWorld } from "../support/world";

const sqlite = engines[0] as TestEngine;

describe("many at once on SQLite's one connection", () => {
  const world = useWorld(sqlite);
  const addPermission = (index: number, fails: boolean) =>
    world.units.write(async (stores) => {
      await stores.environments.touch(world.uid);
      const before = await stores.permissions.count(world.uid);
      await stores.permissions.insert(world.uid, aPermission(`p${index}`));
      const after = await stores.permissions.count(world.uid);
      if (fails) throw new Error(`changed my mind`);
      return after - before;
    });

  test("no acknowledged write is lost to the rollback of another, and none sees another's rows", async () => {
    const count = 200;
    const writers = many(count, (index) => addPermission(index, index % 2 === 1));
    const looks = many(count, (index) =>
      world.units[index % 2 ? "read" : "lookup"](async (stores) => {
        const permissions = await stores.permissions.list(world.uid, "p", 1000);
        return permissions.map(({ slug }) => slug);
      }),
    );
    expect(await failuresOf(writers)).toEqual(many(count / 2, () => new Error("changed my mind")));
    const succeeded = await Promise.all(writers.filter((_, index) => index % 2 === 0));
    expect(succeeded).toEqual(many(count / 2, () => 1));
    const seen = new Set((await Promise.all(looks)).flat());
    expect([...seen].filter((slug) => Number(slug.slice(1)) % 2 === 1)).toEqual([]);
    const kept = await world.units.lookup((stores) => stores.permissions.list(world.uid, "p", 1000));
    expect(new Set(kept.map(({ slug }) => slug))).toEqual(new Set(many(count / 2, (index) => `p${index * 2}`)));
    const environment = await world.units.lookup((stores) => stores.environments.get(world.uid));
    expect(environment?.revision).toBe(1 + count / 2);
  });

  test("a transaction that fails keeps nobody out", async () => {
    const failed = world.units.write(async () => Promise.reject(new Error("changed my mind")));
    await expect(failed).rejects.toThrow("changed my mind");
    expect(await addPermission(1, false)).toBe(1);
  });

  test("a commit is flushed to the disk", async () => {
    expect(await world.storage.query("PRAGMA synchronous")).toEqual([{ synchronous: 2 }]);
    expect(await world.storage.query("PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
    expect(await world.storage.query("PRAGMA foreign_keys")).toEqual([{ foreign_keys: 1 }]);
  });
});

describe("a process that is killed in the middle of many writes", () => {
  let database: TestDatabase;
  let service: ServiceProcess | undefined;
  beforeEach(async () => {
    database = await sqlite.create();
  });
  afterEach(async () => {
    await service?.end("SIGKILL");
    await database?.drop();
  });

  const start = async () => {
    service = await startProcess({
      ORGROLES_DATABASE_URL: database.url,
      ORGROLES_ENVIRONMENTS: "alpha,beta",
      ORGROLES_MAX_CUSTOM_ROLES: "1000",
    });
    await serving(service);
    return service;
  };

  test("has lost no acknowledged write after the restart, and leaves no half of any other", async () => {
    const scope = { environmentId: "alpha", organizationId: "acme" };
    const first = await start();
    const acknowledged: string[] = [];
    const work = { over: false, index: 0 };
    const writers = many(8, async () => {
      while (!work.over) {
        const slug = `org-role-${(work.index += 1)}`;
        const { answers, failures } = await outcomeOf([first.roles.createRole({ ...scope, slug, name: "Lead" })]);
        if (failures.length) return;
        for (const { role } of answers) acknowledged.push(role?.slug ?? "");
      }
    });
    await until("100 roles", async () => (acknowledged.length >= 100 ? true : undefined));
    process.kill(first.pid, "SIGKILL");
    await Promise.all(writers);
    work.over = true;
    expect(await first.end("SIGKILL")).toBeNull();

    const second = await start();
    const { roles } = await listOrg(second, scope.environmentId, scope.organizationId);
    const slugs = new Set(roles.map(({ slug }) => slug));
    expect(acknowledged.filter((slug) => !slugs.has(slug))).toEqual([]);
    expect(slugs.size - 1 - acknowledged.length).toBeLessThanOrEqual(8);
    expect(await queryOnce(database, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect((await second.roles.createRole({ ...scope, name: "After" })).role?.priority).toBe(roles.length + 1);
    expect(await second.end()).toBe(0);
  });
});
