import { copyFileSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { pino } from "pino";
import { Checkpointer } from "../../src/persistence/connection/checkpointer";
import { openSqlite } from "../../src/persistence/connection/open-sqlite";
import { type TestDatabase, engines } from "../support/engines";
import { many } from "../support/many";
import { startProcess } from "../support/process";
import { outcomeOf } from "../support/race";
import { serving } from "../support/service";
import { present } from "../support/stage";
import { type TestStorage, openStorage, queryOnce } from "../support/storage";
import { temporaryFolder } from "../support/temporary";
import { until } from "../support/until";

const { newName } = temporaryFolder();
const mebibyte = 1024 * 1024;

/** Bytes of the log of an SQLite file. */
const logOf = (file: string) => statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;

interface Opened {
  readonly file: string;
  readonly storage: TestStorage;
}

const databaseAt = (file: string): TestDatabase => ({ url: `sqlite:${file}`, drop: async () => undefined });

/** A database with a table for pieces of 64 KiB. */
async function open(): Promise<Opened> {
  const file = newName("db");
  const storage = await openStorage(present(engines[0]), databaseAt(file));
  await storage.query("CREATE TABLE pieces (id INTEGER PRIMARY KEY, content BLOB)");
  return { file, storage };
}

const addPiece = ({ storage }: Opened) => storage.query("INSERT INTO pieces (content) VALUES (randomblob(65536))");
const countPieces = (file: string) =>
  queryOnce<{ count: number }>(databaseAt(file), "SELECT COUNT(*) AS count FROM pieces");

test("the log stays short while some write and others read without a break", async () => {
  const opened = await open();
  const count = 1280;
  const work = { left: count, longest: 0 };
  const writers = many(3, async () => {
    while (work.left > 0) {
      work.left -= 1;
      await addPiece(opened);
      await turn();
      work.longest = Math.max(work.longest, logOf(opened.file));
    }
  });
  const readers = many(3, async () => {
    while (work.left > 0) {
      await opened.storage.query("SELECT COUNT(*) FROM pieces WHERE id < 20");
      await sleep(1);
    }
  });
  await Promise.all([...writers, ...readers]);
  expect(work.longest).toBeGreaterThan(4 * mebibyte);
  expect(work.longest).toBeLessThan(48 * mebibyte); // of 80 that were written
  await until("the log is short again", async () => {
    await addPiece(opened);
    return logOf(opened.file) <= 5 * mebibyte || undefined;
  });
  expect(await opened.storage.query("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  await opened.storage.close();
}, 120_000);

test("a database that was closed is complete in its file", async () => {
  const opened = await open();
  for (let piece = 0; piece < 10; piece += 1) await addPiece(opened);
  await opened.storage.close();
  expect(logOf(opened.file)).toBe(0);
  const copy = newName("db");
  copyFileSync(opened.file, copy);
  expect(await countPieces(copy)).toEqual([{ count: 10 }]);
});

test("another process that reads delays checkpoints, and neither commits nor the end", async () => {
  const opened = await open();
  const other = await openSqlite({ kind: "sqlite", file: opened.file });
  await other.query("BEGIN");
  await other.query("SELECT COUNT(*) FROM pieces");
  const start = performance.now();
  for (let piece = 0; piece < 160; piece += 1) await addPiece(opened);
  await sleep(1500);
  expect(logOf(opened.file)).toBeGreaterThan(10 * mebibyte);
  await other.query("COMMIT");
  await until("the log is short again", async () => {
    await addPiece(opened);
    return logOf(opened.file) <= 5 * mebibyte || undefined;
  });
  await other.query("BEGIN");
  await other.query("SELECT COUNT(*) FROM pieces");
  await addPiece(opened);
  await opened.storage.close();
  expect(performance.now() - start).toBeLessThan(45_000);
  await other.query("COMMIT");
  const [row] = await other.query<{ count: number }[]>("SELECT COUNT(*) AS count FROM pieces");
  expect(row?.count).toBeGreaterThan(161);
  await other.destroy();
});

test("commits move the log themselves where no checkpointer does it for 64 MiB", async () => {
  const file = newName("db");
  const dataSource = await openSqlite({ kind: "sqlite", file }, { hasCheckpointer: true });
  await dataSource.query("CREATE TABLE pieces (content BLOB)");
  let longest = 0;
  for (let piece = 0; piece < 150; piece += 1) {
    await dataSource.query("INSERT INTO pieces VALUES (randomblob(1000000))");
    longest = Math.max(longest, logOf(file));
  }
  expect(longest).toBeGreaterThan(60 * mebibyte);
  expect(longest).toBeLessThan(70 * mebibyte);
  await dataSource.destroy();
}, 120_000);

test("a checkpoint that fails is logged once, however often it is tried again, and keeps nobody from the end", async () => {
  const file = newName("db");
  writeFileSync(file, "no database".repeat(1000));
  writeFileSync(`${file}-wal`, Buffer.alloc(5 * mebibyte));
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  const checkpointer = new Checkpointer(file, (work) => work(), log);
  await sleep(2500);
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  await checkpointer.close();
  expect(messages).toEqual(["the log of the database cannot be moved into its file"]);
});

test("a database in memory has no log", async () => {
  const storage = await openStorage(present(engines[0]), databaseAt(":memory:"));
  expect(await storage.query("PRAGMA journal_mode")).toEqual([{ journal_mode: "memory" }]);
  await storage.close();
});

test("a process that is killed while the log is moved has lost nothing that it acknowledged", async () => {
  const file = newName("db");
  const settings = { ORGROLES_DATABASE_URL: `sqlite:${file}`, ORGROLES_ENVIRONMENTS: "alpha,beta" };
  const environmentId = "alpha";
  const first = await startProcess(settings);
  await serving(first);
  const acknowledged: string[] = [];
  const writers = many(4, async (writer) => {
    for (let batch = 0; ; batch += 1) {
      const organizationId = `o-${writer}-${batch}`;
      const memberships = many(500, (index) => ({ organizationId, userId: `user-${index}`, roleSlugs: ["member"] }));
      const { failures } = await outcomeOf([first.memberships.batchSetMemberRoles({ environmentId, memberships })]);
      if (failures.length) return;
      acknowledged.push(organizationId);
    }
  });
  await until("pages were moved into the file", async () => statSync(file).size > 8 * mebibyte || undefined);
  process.kill(first.pid, "SIGKILL");
  await Promise.all(writers);
  expect(await first.end("SIGKILL")).toBeNull();

  const second = await startProcess(settings);
  await serving(second);
  const sizes = await Promise.all(
    acknowledged.map(async (organizationId) => {
      const page = await second.memberships.listMemberships({ environmentId, organizationId, pageSize: 1000 });
      return page.memberships.length;
    }),
  );
  expect(sizes).toEqual(acknowledged.map(() => 500));
  expect(await second.end()).toBe(0);
  expect(await queryOnce(databaseAt(file), "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
}, 120_000);
