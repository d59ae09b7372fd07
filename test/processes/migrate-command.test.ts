import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { migrations } from "../../src/persistence/migrations";
import { type Ended, runCommand } from "../support/command";
import { type TestDatabase, engines } from "../support/engines";
import { startProcess } from "../support/process";
import { serving } from "../support/service";
import { temporaryFolder } from "../support/temporary";

const { folder, newName } = temporaryFolder();
const names = migrations.map(({ name }) => name);
const [first, second, third] = names;
const nobody = "Nothing was changed: there is no terminal to ask for confirmation; use --yes.\n";
const lastLine = ({ output }: Ended) => output.trim().split("\n").at(-1);

/** Runs a statement in a process of its own: SQLite's file stays open in one that has had it open. */
function statement(url: string, sql: string): { n?: number }[] {
  const work = `
    const { openDatabase } = require(process.argv[1] + "/src/persistence/connection/open-database");
    const { parseDatabaseUrl } = require(process.argv[1] + "/src/persistence/connection/database-url");
    openDatabase(parseDatabaseUrl(process.argv[2]).value, { poolSize: 1, timeout: 10000 })
      .then((source) => source.query(process.argv[3]))
      .then((rows) => { console.log(JSON.stringify(rows ?? [])); process.exit(); }, () => process.exit(1));`;
  const build = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist");
  const printed = execFileSync(process.execPath, ["-e", work, build, url, sql], { encoding: "utf8" });
  return JSON.parse(printed) as { n?: number }[];
}

describe.each(engines)("on $name", (engine) => {
  let database: TestDatabase;
  let settings: { ORGROLES_DATABASE_URL: string };
  let heading: string;

  const run = (...args: string[]) => runCommand(["migrate", ...args], settings);
  const count = (table: string) => Number(statement(database.url, `SELECT COUNT(*) AS n FROM ${table}`)[0]?.n);

  beforeEach(async () => {
    database = await engine.create();
    settings = { ORGROLES_DATABASE_URL: database.url };
    heading = `Database: ${database.url.replace("root@", "")}\n`;
    await run();
  });
  afterEach(() => database.drop());

  /** A server with two members and a role that was deleted while in use. */
  async function furnish(): Promise<void> {
    const service = await startProcess({ ...settings, ORGROLES_ENVIRONMENTS: "alpha,beta" });
    const acme = { environmentId: "alpha", organizationId: "acme" };
    try {
      await serving(service);
      await service.roles.createRole({ ...acme, slug: "org-a", name: "A" });
      for (const userId of ["ann", "bob"])
        await service.memberships.setMemberRoles({ ...acme, userId, roleSlugs: ["org-a"] });
      await service.roles.deleteOrgRole({ ...acme, slug: "org-a", replacementRoleSlug: "member" });
    } finally {
      await service.end();
    }
  }

  test("up says which database is up to date, also when it was so before", async () => {
    expect(await run("up")).toEqual({ code: 0, output: `${heading}The migrations are complete.\n` });
  });

  test("status lists the migrations, and ends with 2 when some are missing", async () => {
    const done = names.map((name) => `done    ${name}\n`);
    const upToDate = `${heading}${done.join("")}The database is up to date.\n`;
    expect(await run("status")).toEqual({ code: 0, output: upToDate });
    await run("down", "--yes");
    expect(await run("status")).toEqual({
      code: 2,
      output:
        `${heading}${done.slice(0, -1).join("")}pending ${names.at(-1)}\n` +
        "The database lacks 1 migration: run `orgroles migrate`.\n",
    });
  });

  test("down says what it deletes with the number of rows, and changes nothing where it cannot ask", async () => {
    await furnish();
    for (const _ of names.slice(3)) await run("down", "--yes");
    expect(await run("down")).toEqual({ code: 1, output: `${heading}Reverting ${third} deletes no data.\n${nobody}` });
    await run("down", "--yes");
    const losses =
      `${heading}Reverting ${second} deletes:\n  role_assignments: 2 rows\n  group_roles: 0 rows\n` +
      "  role_collapses: 0 rows\n  successions: 2 rows\n  roles where slug_scope LIKE 'replaced:%': 1 row\n" +
      "  column organizations.uid: 1 row\n";
    expect(await run("down")).toEqual({ code: 1, output: `${losses}${nobody}` });
    expect(count("role_assignments")).toBe(2);
    expect(await run("down", "--yes")).toEqual({
      code: 0,
      output: `${losses}Migration ${second} is reverted.\n`,
    });
    expect(count("roles")).toBe(2);
    expect(() => count("role_assignments")).toThrow("Command failed");
  });

  test("down does nothing while a server is connected, unless it is forced", async () => {
    const service = await startProcess({ ...settings, ORGROLES_ENVIRONMENTS: "alpha,beta" });
    try {
      await serving(service);
      const refused = await run("down", "--yes");
      expect(refused.code).toBe(1);
      expect(lastLine(refused)).toMatch(
        /^Nothing was changed: other clients are connected to the database\. .*--force\.$/,
      );
      expect(lastLine(await run("status"))).toBe("The database is up to date.");
      expect((await run("down", "--yes", "--force")).code).toBe(0);
      expect((await run("status")).code).toBe(2);
    } finally {
      await service.end();
    }
    expect((await run("up")).code).toBe(0);
    expect((await run("down", "--yes")).code).toBe(0);
  });

  if (engine.name !== "sqlite") return; // the rest is the same on every engine

  test("down stops at the first migration, unless everything is to be deleted", async () => {
    for (const _ of names.slice(1)) await run("down", "--yes");
    const refused = await run("down", "--yes");
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining(`Reverting ${first} deletes:\n`) });
    expect(lastLine(refused)).toMatch(/^Nothing was changed: this is the first migration, .* --delete-everything\.$/);
    expect(count("environments")).toBe(0);
    expect((await run("down", "--delete-everything")).output).toContain(nobody);
    expect((await run("down", "--delete-everything", "--yes")).code).toBe(0);
    expect(() => count("environments")).toThrow("Command failed");
    const nothing = await run("down", "--delete-everything", "--yes");
    expect(nothing).toEqual({
      code: 1,
      output: `${heading}There is nothing to revert: the database has no migration.\n`,
    });
    expect((await run("up")).code).toBe(0);
  });

  test("a newer schema is named by status and by a server, which serves on it; down leaves it alone", async () => {
    statement(database.url, "INSERT INTO migrations (timestamp, name) VALUES (1990000000009, 'Later1990000000009')");
    const newer = "The database is newer than this version: it has 1 migration of a later version.";
    const status = await run("status");
    expect(status).toMatchObject({ code: 0, output: expect.stringContaining("newer   Later1990000000009\n") });
    expect(lastLine(status)).toBe(newer);
    expect(lastLine(await run("up"))).toBe(newer);
    const down = await run("down", "--yes");
    expect(down.code).toBe(1);
    expect(lastLine(down)).toMatch(
      /^The database is newer .*take Later1990000000009 back with the version that made it/,
    );
    const service = await startProcess({ ...settings, ORGROLES_ENVIRONMENTS: "alpha,beta" });
    try {
      await serving(service);
    } finally {
      await service.end();
    }
    expect(service.output()).toContain('"migrations":["Later1990000000009"],"msg":"a newer version has migrated');
  });
});

test.each([["migrate", "status"], ["migrate", "down", "--yes"], ["sweep-progress"], ["check-config"]])(
  "%s %s makes no file",
  async (...args) => {
    const file = newName("db");
    const { code, output } = await runCommand(args.filter(Boolean), { ORGROLES_DATABASE_URL: `sqlite:${file}` });
    if (args[0] !== "check-config") {
      expect(code).toBe(1);
      expect(output).toContain(`The database file ${file} does not exist`);
    }
    expect(existsSync(file)).toBe(false);
  },
);

test("migrate does not need the files that only serving needs", async () => {
  const tls = { ORGROLES_TLS_CERT_FILE: `${folder}/none.crt`, ORGROLES_TLS_KEY_FILE: `${folder}/none.key` };
  const settings = { ORGROLES_DATABASE_URL: `sqlite:${newName("db")}`, ...tls };
  expect((await runCommand(["migrate"], settings)).code).toBe(0);
  expect((await runCommand(["serve"], settings)).code).toBe(1);
});
