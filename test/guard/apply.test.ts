import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runApart } from "../support/command";
import { type TestDatabase, engines } from "../support/engines";
import { queryOnce } from "../support/storage";

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (content: string) => {
  const name = path.join(folder, "roles.yaml");
  writeFileSync(name, content);
  return name;
};

const environment = (id: string) =>
  `environment: ${id}\nescalation_guard: true\npermissions: [{slug: a:1, name: A}]\n` +
  "roles: [{slug: admin, name: Admin, permissions: [a:1]}, {slug: member, name: Member}]\n" +
  "---\norganization: acme\nmembers: {ann: member, cyd: admin}\n---\norganization: globex\nmembers: {ann: admin}\n";

describe.each(engines)("files that are applied for a user, on $name", (engine) => {
  let database: TestDatabase;
  const apply = (content: string, ...options: string[]) =>
    runApart(["apply", file(content), "--yes", ...options], { ORGROLES_DATABASE_URL: database.url });
  const membersOf = async (id: string) => {
    const { stdout } = await runApart(["export", id, "--members"], { ORGROLES_DATABASE_URL: database.url });
    return stdout.match(/^ {2}\w+: \w+$/gm);
  };
  beforeAll(async () => {
    database = await engine.create();
    await runApart(["migrate"], { ORGROLES_DATABASE_URL: database.url });
    for (const id of ["alpha", "beta"]) await apply(environment(id));
  });
  afterAll(() => database?.drop());

  test("give what the user has there, and the events name the user", async () => {
    const gift = "environment: alpha\n---\norganization: acme\nmembers: {bob: admin}\n";
    expect(await apply(gift, "--acting-user", "cyd")).toMatchObject({ code: 0 });
    expect(await membersOf("alpha")).toEqual(["  ann: member", "  bob: admin", "  cyd: admin", "  ann: admin"]);
    const authors = await queryOnce<{ user: string }>(
      database,
      "SELECT acting_user_id AS user FROM events WHERE type = 'membership.created' AND user_id = 'bob'",
    );
    expect(authors).toEqual([{ user: "cyd" }]);
  });

  test("give nothing that the user does not have there, and change nothing", async () => {
    const before = await membersOf("beta");
    const gift = "environment: beta\n---\norganization: acme\nmembers: {bob: admin, dan: member}\n";
    const { code, stderr } = await apply(gift, "--acting-user", "ann");
    expect(code).toBe(1);
    expect(stderr).toContain("a:1");
    const role = "environment: beta\nroles: [{slug: other, name: Other}]\n";
    expect(await apply(role, "--acting-user", "cyd")).toMatchObject({ code: 1 });
    expect(await membersOf("beta")).toEqual(before);
  });
});
