import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource, QueryRunner } from "typeorm";
import { KeyTaken } from "../../src/application/ports/unit-of-work";
import { openDatabase } from "../../src/persistence/connection/open-database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { senderOf } from "../../src/persistence/connection/direct";
import { Conflict, failureOf, orKeyTaken, translateError } from "../../src/persistence/connection/driver-errors";
import { UnusableServer } from "../../src/persistence/connection/unusable-server";
import { type TestDatabase, type TestEngine, engines, servers } from "../support/engines";
import { type TestStorage, anEnvironment, newUid, openStorage, waitsForLock } from "../support/storage";
import { until } from "../support/until";

const numbered = (errno: number, message = "") => Object.assign(new Error(message), { errno, code: "MISLEADING" });
const named = (code: string) => Object.assign(new Error("text"), { code });

describe("a driver's code", () => {
  test.each([
    ["a duplicate", "duplicate", numbered(1062)],
    ["a deadlock", "conflict", numbered(1213)],
    ["a lock wait timeout", "conflict", numbered(1205)],
    ["a row that changed since the snapshot", "conflict", numbered(1020)],
    ["a refused certification", "conflict", numbered(3101)],
    ["a commit that the cluster refused", "conflict", numbered(1180, 'Got error 149 "Lock deadlock" during COMMIT')],
    ["a parent with children", "conflict", numbered(1451)],
    ["a child without a parent", "conflict", numbered(1452)],
    ["a commit without a quorum", "unavailable", numbered(1180, "Got error 6 during COMMIT")],
    ["a full disk", "unavailable", numbered(1021)],
    ["a full table", "unavailable", numbered(1114)],
    ["a read-only server", "unavailable", numbered(1290)],
    ["a read-only transaction", "unavailable", numbered(1792)],
    ["a read-only mode", "unavailable", numbered(1836)],
    ["too many connections", "unavailable", numbered(1040)],
    ["a user without access", "unavailable", numbered(1045)],
    ["a database that is not there", "unavailable", numbered(1049)],
    ["a node that is not ready", "unavailable", numbered(1047)],
    ["a server that shuts down", "unavailable", numbered(1053)],
    ["a killed statement", "unavailable", numbered(1317)],
    ["a killed connection", "unavailable", numbered(1927)],
    ["a statement over its time", "unavailable", numbered(1969)],
    ["a lock that is not free", "conflict", numbered(3572)],
    ["a locked account", "unavailable", numbered(3118)],
    ["a server in offline mode", "unavailable", numbered(3032)],
    ["a connection without TLS where it is required", "unavailable", numbered(3159)],
    ["a missing privilege on a table", "unavailable", numbered(1142)],
    ["a missing privilege on the server", "unavailable", numbered(1227)],
    ["a write that the binary log does not take", "unavailable", numbered(1665)],
    ["a change that the binary log does not trust", "unavailable", numbered(1419)],
    ["a command that is switched off", "unavailable", numbered(1148)],
    ["a disabled storage engine", "unavailable", numbered(3161)],
    ["a statement above max_allowed_packet", "unavailable", numbered(1153)],
    ["a statement above max_join_size", "unavailable", numbered(1104)],
    ["too many prepared statements", "unavailable", numbered(1461)],
    ["a server without memory", "unavailable", numbered(1041)],
    ["a server with unsuitable settings", "unavailable", new UnusableServer("sql_mode is 'ANSI'")],
    ["a syntax error", "unknown", numbered(1064)],
    ["a missing table", "unknown", numbered(1146)],
    ["text that is too long", "unknown", numbered(1406)],
    ["a missing value", "unknown", numbered(1048)],
    ["a violated check of MariaDB", "unknown", numbered(4025)],
    ["a taken key of SQLite", "duplicate", named("SQLITE_CONSTRAINT_UNIQUE")],
    ["a taken primary key of SQLite", "duplicate", named("SQLITE_CONSTRAINT_PRIMARYKEY")],
    ["a broken reference of SQLite", "conflict", named("SQLITE_CONSTRAINT_FOREIGNKEY")],
    ["a missing value of SQLite", "unknown", named("SQLITE_CONSTRAINT_NOTNULL")],
    ["a busy SQLite", "conflict", named("SQLITE_BUSY")],
    ["a SQLite snapshot that is old", "conflict", named("SQLITE_BUSY_SNAPSHOT")],
    ["a full disk under SQLite", "unavailable", named("SQLITE_FULL")],
    ["a failed write of SQLite", "unavailable", named("SQLITE_IOERR_WRITE")],
    ["a SQLite file that may not be written", "unavailable", named("SQLITE_READONLY_DBMOVED")],
    ["an SQL error of SQLite", "unknown", named("SQLITE_ERROR")],
    ["a refused connection", "unavailable", Object.assign(named("ECONNREFUSED"), { errno: -111 })],
    ["a reset connection", "unavailable", Object.assign(named("ECONNRESET"), { errno: -104 })],
    ["a broken pipe", "unavailable", Object.assign(named("EPIPE"), { errno: -32 })],
    ["a host without an address", "unavailable", Object.assign(named("ENOTFOUND"), { errno: -3008 })],
    ["a lost connection", "unavailable", named("PROTOCOL_CONNECTION_LOST")],
    ["a statement without an answer", "unavailable", named("PROTOCOL_SEQUENCE_TIMEOUT")],
    ["a fatal error without a code", "unavailable", Object.assign(new Error("text"), { fatal: true })],
    ["a closed connection", "unavailable", new Error("Can't add new command when connection is in closed state")],
    ["a closed pool", "unavailable", new Error("Pool is closed.")],
    ["a bug", "unknown", new TypeError("x is not a function")],
    ["a string", "unknown", "text"],
  ])("of %s means: %s", (_, failure, error) => {
    expect(failureOf(error)).toBe(failure);
    expect(failureOf({ driverError: error })).toBe(failure);
  });

  test.each([
    ["a duplicate is a conflict where no key is expected", numbered(1062), expect.any(Conflict)],
    ["a conflict is one", numbered(1213), expect.any(Conflict)],
    ["an outage is DATABASE_UNAVAILABLE", numbered(1047), expect.objectContaining({ reason: "DATABASE_UNAVAILABLE" })],
    ["a bug stays what it is", numbered(1064), numbered(1064)],
  ])("translated: %s", (_, error, expected) => {
    expect(translateError(error)).toEqual(expected);
  });

  test("a duplicate is KeyTaken where a key is expected, and everything else passes", async () => {
    await expect(orKeyTaken("role_slug", Promise.reject(numbered(1062)))).rejects.toEqual(new KeyTaken("role_slug"));
    const deadlock = numbered(1213);
    await expect(orKeyTaken("role_slug", Promise.reject(deadlock))).rejects.toBe(deadlock);
    expect(await orKeyTaken("role_slug", Promise.resolve(5))).toBe(5);
  });
});

async function failureFrom(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return failureOf(error);
  }
}

function useStorage(engine: TestEngine): { readonly get: TestStorage } {
  let storage: TestStorage;
  beforeAll(async () => {
    storage = await openStorage(engine);
  });
  afterAll(() => storage?.drop());
  return {
    get get() {
      return storage;
    },
  };
}

const permission = (id: string) =>
  "INSERT INTO permissions (environment_uid, id, slug, name, description, create_time, update_time)" +
  ` VALUES ('e', '${id}', 's', 'n', '', 1, 1)`;

const child = (uid: string) =>
  "INSERT INTO organizations (environment_uid, id, uid, revision, default_role_id, role_order)" +
  ` VALUES ('${uid}', 'acme', 'acme', 1, '', '')`;

describe.each(engines)("what really fails on $name", (engine) => {
  const storage = useStorage(engine);
  const failing = (sql: string) => failureFrom(storage.get.query(sql));

  test("a taken primary key and a taken unique key are duplicates", async () => {
    const purge = "INSERT INTO purges (kind, environment_uid, subject_id, delete_time) VALUES ('x', 'y', 'z', 1)";
    expect(await failing(purge)).toBe("none");
    expect(await failing(purge)).toBe("duplicate");
    expect(await failing(permission("one"))).toBe("none");
    expect(await failing(permission("two"))).toBe("duplicate");
  });

  test("a child without a parent and a parent with children are conflicts", async () => {
    expect(await failing(child("nowhere"))).toBe("conflict");
    expect(await failing("INSERT INTO environment_anchors (environment_uid, closings) VALUES ('here', 0)")).toBe(
      "none",
    );
    expect(await failing(child("here"))).toBe("none");
    expect(await failing("DELETE FROM environment_anchors WHERE environment_uid = 'here'")).toBe("conflict");
  });

  test.each([
    ["a syntax error", "SELEC 1"],
    ["a missing table", "SELECT * FROM nowhere"],
    ["a missing value", "INSERT INTO leases (name, holder, beat) VALUES (NULL, '', 0)"],
  ])("%s is a bug", async (_, sql) => {
    expect(await failing(sql)).toBe("unknown");
  });
});

describe.each(servers)("what really fails on $name", (engine) => {
  const storage = useStorage(engine);

  test("a table without room is an outage", async () => {
    await storage.get.database.use(async (dataSource) => {
      const runner = dataSource.createQueryRunner();
      await runner.query("SET SESSION max_heap_table_size = 16384");
      await runner.query("CREATE TABLE small (id int AUTO_INCREMENT PRIMARY KEY, filler varchar(255)) ENGINE=MEMORY");
      const outcomes: string[] = [];
      for (let row = 0; row < 200; row += 1)
        outcomes.push(await failureFrom(runner.query("INSERT INTO small (filler) VALUES (REPEAT('x', 255))")));
      await runner.query("DROP TABLE small");
      await runner.release();
      expect(outcomes[0]).toBe("none");
      expect(outcomes.at(-1)).toBe("unavailable");
      expect(outcomes).not.toContain("unknown");
    });
  });
});

describe("what really fails on SQLite", () => {
  const storage = useStorage(engines[0] as TestEngine);
  const alone = <T>(work: (dataSource: DataSource) => Promise<T>) => storage.get.database.use(work);

  test("a write to what may only be read is an outage", async () => {
    await storage.get.query("PRAGMA query_only = ON");
    expect(await failureFrom(storage.get.query("DELETE FROM leases"))).toBe("unavailable");
    await storage.get.query("PRAGMA query_only = OFF");
    expect(await failureFrom(storage.get.query("DELETE FROM leases"))).toBe("none");
  });

  test("a database without room is an outage, until it has room", async () => {
    const fill = "INSERT INTO leases (name, holder, beat) VALUES (hex(randomblob(2000)), '', 0)";
    const [{ page_count: pages } = { page_count: 0 }] = await storage.get.query<{ page_count: number }>(
      "PRAGMA page_count",
    );
    await storage.get.query(`PRAGMA max_page_count = ${pages + 2}`);
    const outcomes = new Set<string>();
    for (let row = 0; row < 20; row += 1) outcomes.add(await failureFrom(storage.get.query(fill)));
    expect(outcomes).toContain("unavailable");
    expect(outcomes).not.toContain("unknown");
    await storage.get.query("PRAGMA max_page_count = 1000000");
    expect(await failureFrom(storage.get.query(fill))).toBe("none");
  });

  test("a file that another process writes to is a conflict", async () => {
    const second = await openStorage(engines[0] as TestEngine, storage.get.at);
    await second.query("PRAGMA busy_timeout = 0");
    await storage.get.query("BEGIN IMMEDIATE");
    expect(await failureFrom(second.query("DELETE FROM leases"))).toBe("conflict");
    await storage.get.query("COMMIT");
    expect(await failureFrom(second.query("DELETE FROM leases"))).toBe("none");
    await second.close();
  });

  test("a snapshot that is behind is a conflict", async () => {
    const second = await openStorage(engines[0] as TestEngine, storage.get.at);
    const outcome = await alone((dataSource) =>
      failureFrom(
        dataSource.transaction(async (manager) => {
          await manager.query("SELECT * FROM leases");
          await second.units.write((stores) => stores.environments.insert(anEnvironment()));
          await manager.query("UPDATE leases SET beat = beat + 1");
        }),
      ),
    );
    expect(outcome).toBe("conflict");
    await second.close();
  });
});

const touch = (runner: QueryRunner, uid: string) =>
  runner.query("UPDATE environment_anchors SET closings = closings + 1 WHERE environment_uid = ?", [uid]);

describe.each(servers)("what really fails between connections on $name", (engine) => {
  const storage = useStorage(engine);
  const uids = [newUid(), newUid()] as const;
  let runners: QueryRunner[];

  beforeEach(async () => {
    await storage.get.query("DELETE FROM environment_anchors");
    for (const uid of uids)
      await storage.get.query("INSERT INTO environment_anchors (environment_uid, closings) VALUES (?, 0)", [uid]);
    runners = await storage.get.database.use(async (dataSource) => [1, 2].map(() => dataSource.createQueryRunner()));
    for (const runner of runners) await runner.startTransaction();
  });
  afterEach(async () => {
    for (const runner of runners) {
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      await runner.release();
    }
  });
  const pair = () => runners as [QueryRunner, QueryRunner];

  test("a deadlock is a conflict for one, and none for the other", async () => {
    const [first, second] = pair();
    await touch(first, uids[0]);
    await touch(second, uids[1]);
    const outcomes = await Promise.all([
      failureFrom(touch(first, uids[1])).then(async (failure) => {
        if (failure !== "none") await first.rollbackTransaction();
        return failure;
      }),
      failureFrom(touch(second, uids[0])).then(async (failure) => {
        if (failure !== "none") await second.rollbackTransaction();
        return failure;
      }),
    ]);
    expect(outcomes.toSorted()).toEqual(["conflict", "none"]);
  });

  test("a lock that is not given in time is a conflict", async () => {
    const [first, second] = pair();
    await touch(first, uids[0]);
    await second.query("SET SESSION innodb_lock_wait_timeout = 1");
    expect(await failureFrom(touch(second, uids[0]))).toBe("conflict");
    await second.query("SET SESSION innodb_lock_wait_timeout = 5");
  });

  test("a transaction that rests longer than the server lets it is an outage", async () => {
    const [first] = pair();
    await first.query("SET SESSION wait_timeout = 1");
    await touch(first, uids[0]);
    await sleep(2500);
    expect(await failureFrom(touch(first, uids[1]))).toBe("unavailable");
  });

  test("a statement that is killed is an outage", async () => {
    const [first, second] = pair();
    await touch(first, uids[0]);
    const [{ id }] = (await second.query("SELECT CONNECTION_ID() AS id")) as [{ id: number }];
    const outcome = failureFrom(touch(second, uids[0]));
    await waitsForLock(storage.get);
    await storage.get.query(`KILL QUERY ${id}`);
    expect(await outcome).toBe("unavailable");
  });
});

const opening = async (url: string, timeout = 5000) => {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  return openDatabase(parsed.value, { poolSize: 1, timeout });
};

describe.each(servers)("connections that cannot be had on $name", (engine) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await engine.create();
  });
  afterAll(() => database?.drop());

  test("a user who is not let in, and a database that is not there, are outages", async () => {
    const url = new URL(database.url);
    url.username = "stranger";
    url.password = "wrong";
    expect(await failureFrom(opening(url.href))).toBe("unavailable");
    expect(await failureFrom(opening(`${database.url}_nowhere`))).toBe("unavailable");
  });

  test("a port where nobody listens is an outage", async () => {
    expect(await failureFrom(opening("mysql://root@127.0.0.1:1/orgroles"))).toBe("unavailable");
  });

  test("a server that accepts and says nothing is an outage", async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const { port } = mute.address() as { port: number };
    expect(await failureFrom(opening(`mysql://root@127.0.0.1:${port}/orgroles`, 200))).toBe("unavailable");
    await new Promise((resolve) => mute.close(resolve));
  });

  test.each([
    ["TypeORM's way", (dataSource: DataSource, sql: string) => dataSource.query<unknown[]>(sql)],
    ["the direct way", (dataSource: DataSource, sql: string) => senderOf(dataSource)(sql, [])],
  ])("a statement that takes too long is an outage, and nothing follows it on its connection: %s", async (_, send) => {
    const dataSource = await opening(database.url, 300);
    const connectionId = async () =>
      ((await send(dataSource, "SELECT CONNECTION_ID() AS id")) as [{ id: number }])[0].id;
    const before = await connectionId();
    expect(await failureFrom(send(dataSource, "SELECT SLEEP(20)"))).toBe("unavailable");
    expect(await connectionId()).not.toBe(before);
    await dataSource.query(`KILL ${before}`);
    await dataSource.destroy();
  });

  test("statements that are answered in time follow each other on one connection for as long as they like", async () => {
    const dataSource = await opening(database.url, 300);
    const ids = new Set<number>();
    for (let round = 0; round < 4; round += 1) {
      const [{ id }] = (await dataSource.query("SELECT CONNECTION_ID() AS id, SLEEP(0.15)")) as [{ id: number }];
      ids.add(id);
    }
    expect(ids.size).toBe(1);
    await dataSource.destroy();
  });

  test("a connection that is killed is an outage", async () => {
    const [victim, killer] = [await opening(database.url, 300), await opening(database.url, 300)];
    const runner = victim.createQueryRunner();
    const [{ id }] = (await runner.query("SELECT CONNECTION_ID() AS id")) as [{ id: number }];
    await killer.query(`KILL ${id}`);
    const outcome = await until("it has noticed", async () => {
      const failure = await failureFrom(runner.query("SELECT 1"));
      return failure === "none" ? undefined : failure;
    });
    expect(outcome).toBe("unavailable");
    await runner.release();
    await Promise.all([victim.destroy(), killer.destroy()]);
  });
});
