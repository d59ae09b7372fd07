import { pino } from "pino";
import { limits } from "../../src/domain/limits";
import { dialects } from "../../src/persistence/engines";
import { entitiesFor } from "../../src/persistence/entities";
import { EventNumbering } from "../../src/application/events/event-numbering";
import { EventRetention } from "../../src/application/maintenance/event-retention";
import { GarbageCollectorJob } from "../../src/jobs/garbage-collector-job";
import { leasesOn } from "../../src/persistence/lease";
import { SqlGarbageStore } from "../../src/persistence/stores/garbage-store";
import { engines } from "../support/engines";
import { environmentId, newPermissionId } from "../support/storage";
import { until } from "../support/until";
import { acme, useWorld } from "../support/world";

const hour = 60 * 60 * 1000;
const log = pino({ level: "silent" });

describe.each(engines)("the garbage collector on $name", (engine) => {
  const world = useWorld(engine);
  let job: GarbageCollectorJob;
  let now: number;
  const createJob = () => {
    const { database } = world.storage;
    const retention = new EventRetention(world.units, new EventNumbering(world.units), () => now, 90);
    return new GarbageCollectorJob(new SqlGarbageStore(database), retention, leasesOn(database), () => now, log);
  };
  beforeEach(async () => {
    await world.storage.query("DELETE FROM purges");
    await world.storage.query("DELETE FROM answered_requests");
    await world.storage.query("UPDATE leases SET holder = ''");
    now = 100 * hour;
    job = createJob();
  });
  afterEach(() => job.close());

  const count = async (name: string, where: string, values: unknown[]) => {
    const [row] = await world.storage.query<{ n: unknown }>(`SELECT COUNT(*) AS n FROM ${name} WHERE ${where}`, values);
    return Number(row?.n);
  };
  test("has nothing to do where nothing was deleted", async () => {
    expect(await job.pass()).toBe(0);
    expect(await count("roles", "environment_uid = ?", [world.uid])).toBe(4);
  });

  test("removes what a deleted permission has left in all roles, and nothing else", async () => {
    const { read, write } = world.ids;
    const grants = (id: string) =>
      count("role_permissions", "environment_uid = ? AND permission_id = ?", [world.uid, id]);
    const unknown = newPermissionId();
    for (const organizationId of ["", acme] as const)
      await world.units.write((stores) =>
        stores.roles.addPermissions(world.uid, { id: world.ids.member, organizationId }, [unknown]),
      );
    await world.units.write((stores) => stores.permissions.remove(world.uid, unknown, now));
    expect([await grants(unknown), await grants(read), await grants(write)]).toEqual([2, 4, 4]);
    expect(await job.pass()).toBe(2);
    expect([await grants(unknown), await grants(read), await grants(write)]).toEqual([0, 4, 4]);
  });

  test("removes the events of other environments if those of one cannot be removed", async () => {
    const following: Record<string, string> = { "": "before", before: "broken", broken: "behind" };
    const retention = {
      nextEnvironment: async (uid: string) => following[uid],
      step: async (uid: string) => {
        if (uid === "broken") throw new Error("the statement was killed");
        return 3;
      },
    } as unknown as EventRetention;
    const { database } = world.storage;
    const store = new SqlGarbageStore(database);
    expect(await new GarbageCollectorJob(store, retention, leasesOn(database), () => now, log).pass()).toBe(6);
  });

  test("removes answers as old as a request id lives, and no younger ones", async () => {
    const id = environmentId(world.environment.id);
    const ages = [limits.requestIdLifetime + 1, limits.requestIdLifetime, 0];
    for (const [index, age] of ages.entries())
      await world.storage.query(
        "INSERT INTO answered_requests (environment_id, request_id, fingerprint, answer, create_time)" +
          " VALUES (?, ?, 'f', '1', ?)",
        [id, `request-${index}`, now - age],
      );
    expect(await job.pass()).toBe(1);
    expect(await world.storage.query("SELECT request_id FROM answered_requests ORDER BY request_id")).toEqual([
      { request_id: "request-1" },
      { request_id: "request-2" },
    ]);
  });
});

describe.each(engines)("the garbage collector after DeleteEnvironment on $name", (engine) => {
  const world = useWorld(engine, { watchesOrganization: false });
  let job: GarbageCollectorJob;
  let now: number;
  const createJob = () => {
    const { database } = world.storage;
    const retention = new EventRetention(world.units, new EventNumbering(world.units), () => now, 90);
    return new GarbageCollectorJob(new SqlGarbageStore(database), retention, leasesOn(database), () => now, log);
  };
  beforeEach(async () => {
    await world.storage.query("DELETE FROM purges");
    await world.storage.query("UPDATE leases SET holder = ''");
    now = 100 * hour;
    job = createJob();
    await world.units.write((stores) => stores.environments.remove(world.uid, now));
  });
  afterEach(() => job.close());

  const tables = entitiesFor(dialects[engine.name]).flatMap(({ options: { name, columns } }) =>
    "environmentUid" in columns && name !== "purges" ? name : [],
  );
  async function left(): Promise<number> {
    let sum = 0;
    for (const name of tables)
      sum += (await world.storage.query(`SELECT 1 FROM ${name} WHERE environment_uid = ?`, [world.uid])).length;
    return sum;
  }
  const markers = async () =>
    (await world.storage.query("SELECT 1 FROM purges WHERE environment_uid = ?", [world.uid])).length;
  async function leave(rows: number): Promise<void> {
    for (let from = 0; from < rows; from += 500) {
      const values = Array.from({ length: 500 }, (_, index) => `('${world.uid}', 'bulk', 'role', 'p${from + index}')`);
      await world.storage.query(
        `INSERT INTO role_permissions (environment_uid, organization_id, role_id, permission_id) VALUES ${values.join()}`,
      );
    }
  }

  test("removes everything the environment held, more than a chunk of it too", async () => {
    await leave(2500);
    const before = await left();
    expect(await job.pass()).toBe(before);
    expect(await left()).toBe(0);
  });

  test("keeps the marker for an hour, for what a transaction in flight may still write", async () => {
    await job.pass();
    expect(await markers()).toBe(1);
    await leave(500);
    now += hour;
    expect(await job.pass()).toBe(500);
    expect(await markers()).toBe(1);
    now += 1;
    expect(await job.pass()).toBe(0);
    expect(await markers()).toBe(0);
  });

  test("stopped in the middle it leaves the marker, however old, and the next one finishes", async () => {
    await leave(2500);
    now += 2 * hour;
    await job.close();
    await job.pass();
    expect(await left()).toBeGreaterThan(0);
    expect(await markers()).toBe(1);
    const next = createJob();
    await next.pass();
    expect([await left(), await markers()]).toEqual([0, 0]);
  });

  test("works by itself once it is started, and gives its lease back", async () => {
    const [first, second] = [job, createJob()];
    await world.storage.query("DELETE FROM leases WHERE name = 'janitor'");
    await world.storage.query("INSERT INTO leases (name, holder, beat) VALUES ('janitor', '', 0)");
    first.start();
    second.start();
    await until("everything is gone", async () => ((await left()) === 0 ? true : undefined));
    await until("the lease is free", async () => {
      const [lease] = await world.storage.query<{ holder: string }>("SELECT holder FROM leases WHERE name = 'janitor'");
      return lease?.holder === "" ? true : undefined;
    });
    await Promise.all([first.close(), second.close()]);
    expect(await markers()).toBe(1);
  });
});
