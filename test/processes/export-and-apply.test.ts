import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { oddIds } from "../support/blueprint-documents";
import { runApart, runCommand } from "../support/command";
import { engines } from "../support/engines";
import { startProcess } from "../support/process";
import { serving } from "../support/service";
import { temporaryFolder } from "../support/temporary";

const { folder, fileOf } = temporaryFolder();

const roles = `environment: dev
permissions:
  - {slug: "invoices:pay", name: Pay invoices}
roles:
  - {slug: admin, name: Admin, permissions: ["invoices:pay"]}
  - {slug: member, name: Member}
---
organization: acme
roles:
  - {slug: org-clerk, name: Clerk, permissions: ["invoices:pay"]}
default_role: org-clerk
---
organization: acme
members:
  ann: org-clerk
  bob: admin
`;

/** What people may see of a database's URL. */
const shown = (url: string) => url.replace(/\/\/[^@/]*@/, "//");

describe.each(engines)("on $name, beside a service that runs", (engine) => {
  test("a file is compared, applied, exported, and applied to another environment", async () => {
    const database = await engine.create();
    const settings = { ORGROLES_DATABASE_URL: database.url };
    const service = await startProcess({ ...settings, ORGROLES_ENVIRONMENTS: "dev,other,beta" });
    try {
      await serving(service);
      const file = fileOf(roles);
      const dry = await runCommand(["apply", file, "--dry-run"], settings);
      expect(dry).toEqual({
        code: 0,
        output: [
          `Target: environment dev, database ${shown(database.url)}`,
          `${file}, document 1 (environment dev)`,
          "  + permission invoices:pay",
          "  + role admin",
          "  ~ priority order: admin, member",
          `${file}, document 2 (organization acme)`,
          "  + role org-clerk",
          "  ~ default role: member → org-clerk",
          `${file}, document 3 (organization acme)`,
          "  + 2 members",
          "Would change: 5 to add, 2 to change, 0 to delete.",
          "Nothing was changed: this was a dry run.",
          "",
        ].join("\n"),
      });
      const check = (environmentId: string) =>
        service.access.checkPermission({
          environmentId,
          organizationId: "acme",
          userId: "ann",
          permission: "invoices:pay",
        });
      expect((await check("dev")).allowed).toBe(false);

      const refused = await runCommand(["apply", file], settings);
      expect(refused.code).toBe(1);
      expect(refused.output).toMatch(
        /\nNothing was changed: there is no terminal to ask for confirmation; use --yes\.\n$/,
      );
      expect((await check("dev")).allowed).toBe(false);

      const applied = await runCommand(["apply", "--yes", "-"], settings, roles);
      expect(applied.output).toMatch(
        /^Target: .*\nstandard input, document 1 .*\nWould change: .*\nApplied: 5 added, 2 changed, 0 deleted\.\n$/s,
      );
      expect(applied.code).toBe(0);
      expect(await check("dev")).toMatchObject({ allowed: true, grantedBy: ["org-clerk"] });

      const exported = await runApart(["export", "dev", "--members"], settings);
      expect(exported).toMatchObject({
        code: 0,
        stderr: `Target: environment dev, database ${shown(database.url)}\n`,
      });
      const again = await runCommand(["apply", "-", "--prune"], settings, exported.stdout);
      expect(again).toEqual({
        code: 0,
        output: `Target: environment dev, database ${shown(database.url)}\nThe environment already matches the file.\n`,
      });
      expect((await runApart(["export", "dev"], settings)).stdout).not.toContain("members:");
      const alone = await runApart(["export", "dev", "--members", "--no-organization"], settings);
      expect(exported.stdout.startsWith(alone.stdout)).toBe(true);
      expect(alone.stdout).not.toContain("organization:");

      const moved = await runCommand(["apply", "-", "--environment", "staging", "--yes"], settings, exported.stdout);
      expect(moved.code).toBe(0);
      expect(moved.output).toMatch(/^Target: environment staging, /);
      expect(await check("staging")).toMatchObject({ allowed: true, grantedBy: ["org-clerk"] });
      const there = await runApart(["export", "staging", "--members", "--organization", "acme"], settings);
      expect(there.stdout).toBe(exported.stdout.replace("environment: dev", "environment: staging"));
      expect((await runApart(["export", "other", "--members"], settings)).stdout).not.toContain("acme");
    } finally {
      await service.end();
      await database.drop();
    }
  });
});

describe("on SQLite", () => {
  const settings = { ORGROLES_DATABASE_URL: `sqlite:${folder}/orgroles.db` };
  const apply = (content: string, ...flags: string[]) =>
    runCommand(["apply", fileOf(content), "--yes", ...flags], settings);

  beforeAll(() => runCommand(["migrate"], settings));

  test("a database that is not up to date is left alone", async () => {
    const file = path.join(folder, "old.db");
    writeFileSync(file, "");
    expect(await runCommand(["export", "dev"], { ORGROLES_DATABASE_URL: `sqlite:${file}` })).toEqual({
      code: 1,
      output: "The database is not up to date: run `orgroles migrate` first.\n",
    });
    expect(readFileSync(file)).toHaveLength(0);
  });

  test.each([
    "export dev",
    "apply FILE --dry-run",
    "apply FILE --yes",
    "sweep-progress",
    "migrate status",
    "migrate down",
  ])("%s makes no database where there is none", async (command) => {
    const missing = path.join(folder, "missing", "orgroles.db");
    const args = command.replace("FILE", fileOf(roles)).split(" ");
    expect(await runCommand(args, { ORGROLES_DATABASE_URL: `sqlite:${missing}` })).toEqual({
      code: 1,
      output: expect.stringMatching(
        /^(?:Database: .*\n)?The database file .*orgroles\.db does not exist: `orgroles migrate` makes it\.\n$/,
      ),
    });
    expect(existsSync(path.dirname(missing))).toBe(false);
  });

  test.each([
    ['organization: globex\nroles:\n- {slug: org-x, name: X, permissions: ["ghosts:see"]}', 3, "PERMISSION_UNKNOWN"],
    ["organization: globex\nroles: [{slug: org-x, name: X}]\ndefault_role: ghost", 3, "ROLE_NOT_FOUND"],
    [
      "organization: globex\nroles: [{slug: org-x, name: X}]\npriority:\n- org-x\n- ghost",
      5,
      "PRIORITY_ORDER_MISMATCH",
    ],
    ["organization: globex\ngroups: {staff: ghost}", 2, "ROLE_NOT_ASSIGNABLE"],
    ["organization: globex\nmembers: {ann: org-clerk}", 2, "ROLE_NOT_ASSIGNABLE"],
    ["organization: acme\nmembers:\n  ann: org-clerk\n  bob:\n  - ghost", 5, "ROLE_NOT_ASSIGNABLE"],
    ["organization: acme\nmembers:\n  ann: org-clerk\n  bob: [member, admin]", 4, "MULTIPLE_ROLES_DISABLED"],
  ])("a dry run refuses %j too, at line %d", async (document, line, reason) => {
    const file = fileOf(`${roles}---\n${document}\n`);
    const { code, output } = await runCommand(["apply", file, "--dry-run"], settings);
    expect(code).toBe(1);
    const place = `document 4 \\(organization \\w+\\), line ${17 + line}`;
    expect(output).toMatch(new RegExp(`${place}: .*\\(${reason}\\)\n$`));
  });

  test("a document that cannot be applied says why, and those before it have been", async () => {
    const many = Array.from({ length: 201 }, (_, index) => `{slug: org-${index}, name: R}`).join(", ");
    const { code, output } = await apply(`${roles}---\norganization: globex\nroles: [${many}]\n`);
    expect(code).toBe(1);
    expect(output).toMatch(
      /document 4 \(organization globex\), line 19: .* \(ROLE_LIMIT_REACHED\); this document was not applied, but the documents before it were\.\n$/,
    );
    const exported = (await runApart(["export", "dev"], settings)).stdout;
    expect(exported).toContain("organization: acme");
    expect(exported).not.toContain("globex");
  });

  test.each([
    [
      "organization: acme\n",
      "the environment is missing; begin the file with the document of an environment, or set --environment.",
    ],
    [
      "environment: a\n---\nenvironment: b\n",
      "document 2 (environment b), line 3: a file may contain only one environment",
    ],
    ["environment: a\nroles: {}\n", "document 1 (environment a):\n  line 2: roles: must be a list"],
  ])("%j is refused before anything is asked or changed", async (content, sentence) => {
    const { code, output } = await apply(content);
    expect(code).toBe(1);
    expect(output).toContain(sentence);
    expect(output).not.toMatch(/\bat\b.*\.js/);
  });

  test("an environment or an organization that is not there is said to be, and nothing is written", async () => {
    await apply(roles);
    expect(await runApart(["export", "nowhere"], settings)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("nowhere"),
    });
    expect(await runApart(["export", "dev", "--organization", "acme", "ghost"], settings)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('Environment "dev" has no data of organization "ghost"'),
    });
  });

  test.each([
    ["a file that is not there", () => path.join(folder, "none.yaml"), "Blueprint file: FILE does not exist\n"],
    ["a folder", () => folder, "Blueprint file: FILE is a folder\n"],
    ["an empty file", () => fileOf(""), "FILE contains no document; there is nothing to apply\n"],
    ["a file of comments", () => fileOf("# a\n---\n# b\n"), "FILE contains no document; there is nothing to apply\n"],
  ])("%s is refused by name", async (_, make, sentence) => {
    const file = make();
    expect(await runCommand(["apply", file, "--yes"], settings)).toEqual({
      code: 1,
      output: sentence.replace("FILE", file),
    });
  });

  test("standard input that is closed contains nothing, and one that never ends is refused", async () => {
    const [closed, endless] = ["<&-", "</dev/zero"].map((input) => shell(`orgroles apply - --yes ${input}`));
    expect(closed).toEqual({ code: 1, output: "standard input contains no document; there is nothing to apply\n" });
    expect(endless).toEqual({ code: 1, output: "standard input, line 1 is longer than 16777216 bytes\n" });
  });

  const shell = (script: string) => {
    const main = path.join(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
    const whole = `orgroles() { '${process.execPath}' '${main}' "$@"; }\nset -o pipefail\n${script}`;
    const env = { PATH: process.env["PATH"], ...settings };
    const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", whole], {
      env,
      encoding: "utf8",
      timeout: 50_000,
    });
    return { code: status, output: stdout + stderr };
  };

  test("a pipe, which can be read only once, is compared and applied", async () => {
    const file = fileOf("environment: piped\n");
    const { code, output } = shell(`orgroles apply <(cat ${file}) --yes`);
    expect(output).toMatch(
      / {2}\+ environment piped\nWould change: 1 to add.*\nApplied: 1 added, 0 changed, 0 deleted\.\n$/s,
    );
    expect(code).toBe(0);
  });

  test("export ends quietly where nobody reads on, and with an error where nothing can be written", async () => {
    await apply(roles);
    const target = `Target: environment dev, database ${settings.ORGROLES_DATABASE_URL}\n`;
    expect(shell("orgroles export dev | true")).toEqual({ code: 1, output: target });
    expect(shell("orgroles export dev > /dev/full")).toEqual({
      code: 1,
      output: `${target}Cannot write to standard output: ENOSPC: no space left on device, write\n`,
    });
  });

  test("the exit code of a dry run tells whether something would change, where it is asked for", async () => {
    await apply(roles);
    const code = async (content: string, ...flags: string[]) =>
      (await runCommand(["apply", fileOf(content), ...flags], settings)).code;
    const changed = roles.replace("Clerk", "Clerks");
    expect(await code(roles, "--dry-run", "--detailed-exitcode")).toBe(0);
    expect(await code(changed, "--dry-run", "--detailed-exitcode")).toBe(2);
    expect(await code(changed, "--dry-run")).toBe(0);
    expect(await code("environment: [", "--dry-run", "--detailed-exitcode")).toBe(1);
    expect(await code(changed, "--detailed-exitcode")).toBe(1);
    expect((await runApart(["export", "dev"], settings)).stdout).toContain("name: Clerk\n");
  });

  test.each(["a b", "", "x".repeat(65), "a\nb"])("no environment %j can be exported", async (id) => {
    expect(await runApart(["export", id], settings)).toEqual({
      code: 1,
      stdout: "",
      stderr: "The environment id must be 1–64 printable ASCII characters without spaces.\n",
    });
  });

  test.each(["a b", "", "x".repeat(65)])("--environment %j is refused", async (id) => {
    const { code, output } = await runCommand(["apply", fileOf(roles), "--environment", id, "--dry-run"], settings);
    expect({ code, output }).toEqual({
      code: 1,
      output: "--environment must be 1–64 printable ASCII characters without spaces\n",
    });
  });

  test("pruning deletes what differs, and never what the file names, whatever it is called", async () => {
    const odd = fileOf(
      `environment: odd\n---\norganization: __proto__\ngroups:\n${oddIds.map((id) => `  ${JSON.stringify(id)}: member\n`).join("")}`,
    );
    await runCommand(["apply", odd, "--yes"], settings);
    const { stdout } = await runApart(["export", "odd"], settings);
    const again = await runCommand(["apply", "-", "--prune", "--yes"], settings, stdout);
    expect(again.output).toMatch(/The environment already matches the file\.\n$/);
    expect((await runApart(["export", "odd"], settings)).stdout).toBe(stdout);
    expect(stdout).toContain('\n  "__proto__": member\n');
    const less = stdout.replace('  "__proto__": member\n', "");
    expect((await runCommand(["apply", "-", "--prune", "--yes"], settings, less)).output).toMatch(
      /\n {2}- group __proto__\nWould change: 0 to add, 0 to change, 1 to delete\.\nApplied: 0 added, 0 changed, 1 deleted\.\n$/,
    );
  });

  test.each([
    ["environment: bare\nroles: []\n", "document 1 (environment bare), line 2: The role member is the default role"],
    [
      "environment: bare\nroles: [{slug: a, name: A}]\ndefault_role: member\n",
      "document 1 (environment bare), line 3: ",
    ],
  ])("pruning that would delete the default role is refused: %j", async (content, sentence) => {
    const { code, output } = await apply(content, "--prune");
    expect(code).toBe(1);
    expect(output).toContain(sentence);
    expect(output).toContain("would be deleted: add it to roles, or set default_role to another role");
  });

  test("an organization's members may come after those of others", async () => {
    const file = fileOf(
      "environment: mixed\n---\norganization: a\nroles: [{slug: org-a, name: A}]\n" +
        "---\norganization: b\nroles: [{slug: org-b, name: B}]\n" +
        "---\norganization: a\nmembers: {ann: org-a}\n---\norganization: b\nmembers: {bob: org-b}\n",
    );
    const { output } = await runCommand(["apply", file, "--yes"], settings);
    expect(output).toMatch(/\nApplied: 5 added, 0 changed, 0 deleted\.\n$/);
  });

  test("a crowd of members passes through little memory", async () => {
    const count = 60_000;
    const head = "environment: crowd\n";
    let content = head;
    for (let start = 0; start < count; start += 1000) {
      const some = Array.from(
        { length: 1000 },
        (_, index) => `  user-${String(start + index).padStart(6, "0")}: member`,
      );
      content += `---\norganization: big\nmembers:\n${some.join("\n")}\n`;
    }
    // a third less is enough; with larger young generations the need depends on when Node collects them
    const small = { ...settings, NODE_OPTIONS: "--max-old-space-size=48 --max-semi-space-size=2" };
    const applied = await runCommand(["apply", fileOf(content), "--yes"], small);
    expect(applied.output).toMatch(/Applied: 60001 added, 0 changed, 0 deleted\.\n$/);
    const exported = await runApart(["export", "crowd", "--members"], small);
    expect(exported.code).toBe(0);
    expect(exported.stdout.match(/^ {2}user-\d+: member$/gm)).toHaveLength(count);
    expect(exported.stdout.match(/^---$/gm)).toHaveLength(61);
  });
});
