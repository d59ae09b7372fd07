import { setTimeout as sleep } from "node:timers/promises";
import type { DataSource } from "typeorm";
import { openDatabase } from "../../src/persistence/connection/open-database";
import { parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { senderOf } from "../../src/persistence/connection/direct";
import { failureOf } from "../../src/persistence/connection/driver-errors";
import { type TestDatabase, servers } from "../support/engines";
import { type Meddling, type MeddlingProxy, meddleWith } from "../support/meddling-proxy";
import { startService } from "../support/service";

const open = async (url: string, poolSize = 2): Promise<DataSource> => {
  const parsed = parseDatabaseUrl(url);
  if (!("value" in parsed)) throw new Error(parsed.rule);
  return openDatabase(parsed.value, { poolSize, timeout: 10_000 });
};

const isolation = { mariadb: "tx_isolation", mysql: "transaction_isolation", sqlite: "" };

describe.each(servers)("connections to $name", (engine) => {
  let database: TestDatabase;
  let proxy: MeddlingProxy | undefined;
  beforeAll(async () => {
    database = await engine.create();
  });
  afterEach(async () => {
    await proxy?.close();
    proxy = undefined;
  });
  afterAll(() => database?.drop());
  const through = async (meddling: Meddling) => (proxy = await meddleWith(database.url, meddling)).url;

  const shown =
    `SELECT CONNECTION_ID() AS id, @@sql_mode AS mode, @@autocommit AS auto, @@${isolation[engine.name]} AS isolation,` +
    " @@character_set_client AS charset, @@collation_connection AS collation, @@foreign_key_checks AS foreignKeys," +
    " @@innodb_lock_wait_timeout AS lockWait, @@sql_safe_updates AS safe, CAST(@@sql_select_limit AS CHAR) AS rowLimit";
  const expected = {
    id: expect.any(Number) as number,
    mode: "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
    auto: 1,
    isolation: "READ-COMMITTED",
    charset: "utf8mb4",
    collation: "utf8mb4_bin",
    foreignKeys: 1,
    lockWait: 5,
    safe: 0,
    rowLimit: "18446744073709551615",
  };

  test("have the settings from their first statement on, each of them, and those that replace them", async () => {
    const dataSource = await open(database.url);
    const rows = (await Promise.all([
      dataSource.query(`${shown}, SLEEP(0.2) AS slept`),
      senderOf(dataSource)(`${shown}, SLEEP(0.2) AS slept`, []),
    ])) as { id: number }[][];
    for (const [row] of rows) expect(row).toEqual({ ...expected, slept: 0 });
    const ids = rows.map(([row]) => row?.id ?? 0);
    expect(new Set(ids).size).toBe(2);

    const killer = await open(database.url, 1);
    for (const id of ids) await killer.query(`KILL ${id}`);
    await sleep(100);
    const [replacement] = (await dataSource.query(shown)) as [{ id: number }];
    expect(replacement).toEqual(expected);
    expect(ids).not.toContain(replacement.id);
    await Promise.all([dataSource.destroy(), killer.destroy()]);
  });

  test("outlive a statement with a value that cannot be written", async () => {
    const dataSource = await open(database.url, 1);
    const [before] = (await dataSource.query("SELECT CONNECTION_ID() AS id")) as [{ id: number }];
    const runner = dataSource.createQueryRunner();
    await expect(senderOf(dataSource)("SELECT ?", [undefined], runner)).rejects.toThrow("A statement cannot have");
    await runner.release();
    await expect(senderOf(dataSource)("SELECT ?", [undefined])).rejects.toThrow("A statement cannot have");
    await expect(dataSource.query("SELECT ?", [{ id: 1 }])).rejects.toThrow("A statement cannot have");
    expect(await senderOf(dataSource)("SELECT CONNECTION_ID() AS id", [])).toEqual([before]);
    await dataSource.destroy();
  });

  test("through a proxy that swallows settings are refused, and the error names the variable", async () => {
    const opening = open(await through({ swallows: /^SET @@SESSION.sql_mode/ }));
    const error: unknown = await opening.catch((failure: unknown) => failure);
    expect(error).toHaveProperty(
      "message",
      expect.stringMatching(
        /^The database server cannot be used: sql_mode is '.*' although it was set to 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION' \(127\.0\.0\.1:\d+\)\.$/,
      ),
    );
    expect(failureOf(error)).toBe("unavailable");
  });

  test("are refused for a setting that the user may not change, and the error names it", async () => {
    const error: unknown = await open(await through({ rejects: /wait_timeout = 28800/ })).catch((e: unknown) => e);
    expect(error).toHaveProperty(
      "message",
      expect.stringMatching(
        /^The database server cannot be used: wait_timeout cannot be set to '28800'(?:: a privilege is missing)? \(127\.0\.0\.1:\d+\)\.$/,
      ),
    );
    expect(failureOf(error)).toBe("unavailable");
  });

  test("that something puts into another mode meanwhile still take names for names", async () => {
    const names = ["',(select user()),2,1,1,0,left(1,0),left(1,0))#", "O'Brien", "back\\slash", "a\\' or 1=1 -- 縗"];
    const before =
      "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT', character_set_client = gbk";
    const service = await startService(engine, {}, { url: await through({ before }), drop: async () => undefined });
    const scope = { environmentId: "alpha", organizationId: "acme" };
    for (const name of names) await service.roles.createRole({ ...scope, name, description: name });
    const { roles } = await service.roles.listOrgRoles(scope);
    const stored = roles.filter(({ description }) => description !== "");
    expect(stored.map(({ name, description }) => [name, description])).toEqual(names.map((name) => [name, name]));
    await service.stop();
  });
});
