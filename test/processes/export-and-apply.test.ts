import path from "node:path";
import { runCommand } from "../support/command";
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
          `${file}, document 1 (environment dev)`,
          "  + permission invoices:pay",
          "  + role admin",
          "  ~ priority order: admin, member",
          `${file}, document 2 (organization acme)`,
          "  + role org-clerk",
          "  ~ default role: member → org-clerk",
          `${file}, document 3 (organization acme)`,
          "  + 2 members",
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
      expect(refused.output).toMatch(/\nNothing was changed: --yes is needed where nobody can be asked\.\n$/);
      expect((await check("dev")).allowed).toBe(false);

      const applied = await runCommand(["apply", "--yes", "-"], settings, roles);
      expect(applied.output).toMatch(
        /^standard input, document 1 .*\nApplied: 3 of 3 documents made a difference\.\n$/s,
      );
      expect(applied.code).toBe(0);
      expect(await check("dev")).toMatchObject({ allowed: true, grantedBy: ["org-clerk"] });

      const exported = await runCommand(["export", "dev", "--members"], settings);
      expect(exported.code).toBe(0);
      const again = await runCommand(["apply", "-", "--prune"], settings, exported.output);
      expect(again).toEqual({ code: 0, output: "Everything is as the file says.\n" });
      expect((await runCommand(["export", "dev"], settings)).output).not.toContain("members:");
      const alone = await runCommand(["export", "dev", "--members", "--no-organization"], settings);
      expect(exported.output.startsWith(alone.output)).toBe(true);
      expect(alone.output).not.toContain("organization:");

      const moved = await runCommand(["apply", "-", "--environment", "staging", "--yes"], settings, exported.output);
      expect(moved.code).toBe(0);
      expect(await check("staging")).toMatchObject({ allowed: true, grantedBy: ["org-clerk"] });
      const there = await runCommand(["export", "staging", "--members", "--organization", "acme"], settings);
      expect(there.output).toBe(exported.output.replace("environment: dev", "environment: staging"));
      expect((await runCommand(["export", "other", "--members"], settings)).output).not.toContain("acme");
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
    expect(await runCommand(["export", "dev"], { ORGROLES_DATABASE_URL: `sqlite:${folder}/old.db` })).toEqual({
      code: 1,
      output: "The database is not up to date: run `orgroles migrate` first.\n",
    });
  });

  test.each([
    ['organization: globex\nroles: [{slug: org-x, name: X, permissions: ["ghosts:see"]}]', "PERMISSION_UNKNOWN"],
    ["organization: globex\nroles: [{slug: org-x, name: X}]\ndefault_role: ghost", "ROLE_NOT_FOUND"],
    ["organization: globex\nroles: [{slug: org-x, name: X}]\npriority: [org-x, ghost]", "PRIORITY_ORDER_MISMATCH"],
    ["organization: globex\ngroups: {staff: ghost}", "ROLE_NOT_ASSIGNABLE"],
    ["organization: acme\nmembers: {ann: org-clerk, bob: ghost}", "ROLE_NOT_ASSIGNABLE"],
  ])("a dry run refuses %j too", async (document, reason) => {
    const file = fileOf(`${roles}---\n${document}\n`);
    const { code, output } = await runCommand(["apply", file, "--dry-run"], settings);
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`document 4 \\(organization \\w+\\): .*\\(${reason}\\)\n$`));
  });

  test("a document that cannot be applied says why, and those before it have been", async () => {
    const many = Array.from({ length: 201 }, (_, index) => `{slug: org-${index}, name: R}`).join(", ");
    const { code, output } = await apply(`${roles}---\norganization: globex\nroles: [${many}]\n`);
    expect(code).toBe(1);
    expect(output).toMatch(
      /document 4 \(organization globex\): .* \(ROLE_LIMIT_REACHED\)\nNothing of this document was applied, what came before it was\.\n$/,
    );
    const exported = (await runCommand(["export", "dev"], settings)).output;
    expect(exported).toContain("organization: acme");
    expect(exported).not.toContain("globex");
  });

  test.each([
    ["organization: acme\n", "which environment? Begin the file with its document, or give --environment."],
    ["environment: a\n---\nenvironment: b\n", "document 2 (environment b): a file has one environment"],
    ["environment: a\nroles: {}\n", "document 1 (environment a):\n  roles: "],
  ])("%j is refused before anything is asked or changed", async (content, sentence) => {
    const { code, output } = await apply(content);
    expect(code).toBe(1);
    expect(output).toContain(sentence);
    expect(output).not.toMatch(/\bat\b.*\.js/);
  });

  test("an environment or a file that is not there is said to be", async () => {
    const { code, output } = await runCommand(["export", "nowhere"], settings);
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining("nowhere") });
    const missing = await runCommand(["apply", path.join(folder, "none.yaml")], settings);
    expect(missing).toEqual({ code: 1, output: expect.stringMatching(/none\.yaml does not exist\n$/) });
  });

  test("a crowd of members passes through little memory", async () => {
    const count = 20_000;
    const head = "environment: crowd\n";
    let content = head;
    for (let start = 0; start < count; start += 1000) {
      const some = Array.from(
        { length: 1000 },
        (_, index) => `  user-${String(start + index).padStart(6, "0")}: member`,
      );
      content += `---\norganization: big\nmembers:\n${some.join("\n")}\n`;
    }
    const small = { ...settings, NODE_OPTIONS: "--max-old-space-size=48" };
    const applied = await runCommand(["apply", fileOf(content), "--yes"], small);
    expect(applied.output).toMatch(/Applied: 21 of 21 documents made a difference\.\n$/);
    const exported = await runCommand(["export", "crowd", "--members"], small);
    expect(exported.code).toBe(0);
    expect(exported.output.match(/^ {2}user-\d+: member$/gm)).toHaveLength(count);
    expect(exported.output.match(/^---$/gm)).toHaveLength(21);
  });
});
