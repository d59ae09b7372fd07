import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openSqlite } from "../../src/persistence/connection/open-sqlite";
import { temporaryFolder } from "../support/temporary";

const { folder, newName } = temporaryFolder();
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

let before: number;
beforeAll(() => {
  before = process.umask(0o022);
});
afterAll(() => process.umask(before));

/** Opens a database and writes to it; the modes of its files while it is open, by their endings. */
async function modesAfterUse(file: string): Promise<Record<string, string>> {
  const database = await openSqlite({ kind: "sqlite", file });
  try {
    await database.query("CREATE TABLE IF NOT EXISTS t (a)");
    await database.query("INSERT INTO t VALUES (1)");
    const { dir, base } = path.parse(path.resolve(file));
    const names = readdirSync(dir).filter((name) => name.startsWith(base));
    return Object.fromEntries(names.map((name) => [name.slice(base.length), modeOf(path.join(dir, name))]));
  } finally {
    await database.destroy();
  }
}

const onlyOwner = { "": "600", "-shm": "600", "-wal": "600" };

test("a new database and the files beside it are for their owner, in folders that are too", async () => {
  const parent = newName("d");
  const file = path.join(parent, "inner", "orgroles.db");
  expect(await modesAfterUse(file)).toEqual(onlyOwner);
  expect([modeOf(parent), modeOf(path.dirname(file))]).toEqual(["700", "700"]);
});

test.each([
  [0o000, "600"],
  [0o277, "400"],
])("with the umask %p too", async (mask, mode) => {
  const file = newName("db");
  process.umask(mask);
  try {
    expect((await modesAfterUse(file))[""]).toBe(mode);
  } finally {
    process.umask(0o022);
  }
});

test("a folder that was there keeps its mode, the current one too", async () => {
  const own = newName("d");
  mkdirSync(own);
  chmodSync(own, 0o755);
  expect(await modesAfterUse(path.join(own, "roles.db"))).toEqual(onlyOwner);
  expect(modeOf(own)).toBe("755");
  const current = process.cwd();
  process.chdir(own);
  try {
    expect(await modesAfterUse("other.db")).toEqual(onlyOwner);
  } finally {
    process.chdir(current);
  }
  expect(modeOf(own)).toBe("755");
});

test("files that everybody could read become private, those beside the database too", async () => {
  const file = newName("db");
  await modesAfterUse(file);
  chmodSync(file, 0o644);
  const kept = await openSqlite({ kind: "sqlite", file });
  try {
    await kept.query("INSERT INTO t VALUES (2)");
    for (const ending of ["", "-wal", "-shm"]) chmodSync(`${file}${ending}`, 0o644);
    expect(await modesAfterUse(file)).toEqual(onlyOwner);
  } finally {
    await kept.destroy();
  }
});

test("a file that its owner shares with a group stays shared", async () => {
  const file = newName("db");
  await modesAfterUse(file);
  for (const ending of ["", "-wal", "-shm"]) chmodSync(`${file}${ending}`, 0o660);
  expect(await modesAfterUse(file)).toEqual({ "": "660", "-shm": "660", "-wal": "660" });
});

test("a file behind a link is made privately", async () => {
  const link = newName("db");
  const target = newName("db");
  symlinkSync(target, link);
  await modesAfterUse(link);
  expect(modeOf(target)).toBe("600");
});

test("a file that is no database keeps its mode, and its content", async () => {
  const file = path.join(folder, "notes.txt");
  writeFileSync(file, "s3cret ".repeat(1000));
  chmodSync(file, 0o644);
  await expect(openSqlite({ kind: "sqlite", file })).rejects.toThrow(`The database file ${file} cannot be opened`);
  expect(modeOf(file)).toBe("644");
});
