import { once } from "node:events";
import { mkdtempSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { runApart } from "../support/command";
import { type TestDatabase, engines } from "../support/engines";
import { many } from "../support/many";
import { type ServiceProcess, startProcess } from "../support/process";

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const key = { WORKOS_API_KEY: "sk_test" };
const importFrom = (address: string, args: readonly string[], settings: Record<string, string> = key, input?: string) =>
  runApart(["import", "workos", "--api", `http://${address}`, ...args], settings, input);

/** Returns an export without the parts that the API does not return. */
const comparable = (text: string) =>
  text
    .replace(/^#.*\n/gm, "")
    .replace(/^display_name: .*\n/gm, "")
    .replaceAll("environment: beta", "environment: alpha");

const at = (url: string) => ({ ORGROLES_DATABASE_URL: url });

/** Makes everything that the API returns. */
async function fill({ permissions, roles, memberships }: ServiceProcess, environmentId: string): Promise<void> {
  const slugs = many(120, (index) => `docs:${String(index).padStart(3, "0")}`);
  const create = (slug: string) =>
    permissions.createPermission({ environmentId, slug, name: `Name of ${slug}`, description: "yes" });
  await Promise.all(slugs.map(create));
  await roles.createRole({ environmentId, slug: "viewer", name: "Viewer", permissions: slugs.slice(0, 3) });
  await roles.createRole({ environmentId, slug: "admin", name: "no", description: "# all", permissions: slugs });
  await roles.setPriority({ environmentId, slugs: ["admin", "member", "viewer"] });
  await roles.setDefaultRole({ environmentId, slug: "viewer" });
  const acme = { environmentId, organizationId: "acme" };
  await roles.createRole({ ...acme, slug: "org-clerk", name: "Clerk", permissions: slugs.slice(-2) });
  await roles.createRole({ ...acme, slug: "org-boss", name: "Boss" });
  await roles.setPriority({ ...acme, slugs: ["org-boss", "viewer", "admin", "org-clerk", "member"] });
  await roles.setDefaultRole({ ...acme, slug: "org-clerk" });
  const organizationIds = many(120, (index) => `o-${String(index).padStart(3, "0")}`);
  const everywhere = organizationIds.map((organizationId) => ({
    organizationId,
    userId: "ann",
    roleSlugs: ["admin"],
  }));
  const inAcme = many(1100, (index) => ({
    organizationId: "acme",
    userId: `user-${index}`,
    roleSlugs: index % 2 ? ["org-clerk"] : [],
  }));
  for (const some of [everywhere, inAcme.slice(0, 1000), inAcme.slice(1000)])
    await memberships.batchSetMemberRoles({ environmentId, memberships: some });
  await memberships.setMemberRoles({ environmentId, organizationId: "globex", userId: "bob", roleSlugs: ["viewer"] });
}

describe.each(engines)("from a service on $name", (engine) => {
  let source: TestDatabase;
  let target: TestDatabase;
  let service: ServiceProcess;
  beforeAll(async () => {
    [source, target] = [await engine.create(), await engine.create()];
    service = await startProcess({
      ORGROLES_DATABASE_URL: source.url,
      ORGROLES_ENVIRONMENTS: "alpha,beta",
      ORGROLES_HTTP_ADDRESS: "127.0.0.1:0",
      ORGROLES_WORKOS_API: "on",
      ORGROLES_WORKOS_ENVIRONMENT: "alpha",
    });
    await fill(service, "alpha");
    await service.roles.createRole({ environmentId: "beta", slug: "elsewhere", name: "Elsewhere" });
    await runApart(["migrate"], at(target.url));
  });
  afterAll(async () => {
    await service?.end();
    await source?.drop();
    await target?.drop();
  });

  test("the file makes the same environment elsewhere", async () => {
    const file = path.join(folder, `${engine.name}.yaml`);
    const options = ["--default-role", "viewer", "--organization-default", "acme=org-clerk", "--multiple-roles", "off"];
    const imported = await importFrom(service.httpAddress, ["--environment", "beta", "--output", file, ...options]);
    expect(imported).toEqual({
      code: 0,
      stdout: "",
      stderr:
        `Source: http://${service.httpAddress}\n` +
        "Imported: permissions 120, environment roles 3, organizations with roles or members 122, members 1221.\n",
    });
    expect(existsSync(`${file}.unfinished`)).toBe(false);
    expect(await runApart(["apply", file, "--yes"], at(target.url))).toMatchObject({ code: 0, stderr: "" });
    const exported = (environment: string, url: string) => runApart(["export", environment, "--members"], at(url));
    const [there, here] = [await exported("alpha", source.url), await exported("beta", target.url)];
    expect(here.code).toBe(0);
    expect(comparable(here.stdout)).toBe(comparable(there.stdout));
    expect(await runApart(["apply", file, "--dry-run", "--detailed-exitcode"], at(target.url))).toMatchObject({
      code: 0,
    });
  });

  test("without options it says what it assumed, and on standard output", async () => {
    const { code, stdout } = await importFrom(service.httpAddress, ["--no-members"], {}, "sk_test\n");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^# From http:.*\n# Assumed: the default role of the environment is member \(--default-role\)/,
    );
    expect(stdout).toContain("# Assumed: members may have several roles (--multiple-roles).\n");
    expect(stdout).toContain("\nenvironment: imported\nmultiple_roles: true\n");
    expect(stdout.match(/^organization: /gm)).toHaveLength(1);
    expect(stdout).not.toContain("\nmembers:");
  });

  test("what is not there is named, and no file is left", async () => {
    const file = path.join(folder, `${engine.name}-none.yaml`);
    const attempt = async (...options: string[]) =>
      (await importFrom(service.httpAddress, ["--output", file, ...options])).stderr.replace(/^Source.*\n/, "");
    expect(await attempt("--default-role", "boss")).toBe(
      '--default-role: the environment has no role "boss", but admin, member, viewer.\n',
    );
    expect(await attempt("--organization-default", "acme=boss")).toBe(
      '--organization-default: "acme" has no role "boss", but org-boss, viewer, admin, org-clerk, member.\n',
    );
    expect(await attempt("--organization-default", "initech=member")).toBe(
      '--organization-default: there is no organization "initech".\n',
    );
    expect(existsSync(file)).toBe(false);
    expect(existsSync(`${file}.unfinished`)).toBe(false);
  });
});

const role = (slug: string, type = "EnvironmentRole") => ({ slug, type, name: slug, description: null });
const list = (...data: object[]) => [200, { object: "list", data }] as const;
const usual = ({ url = "" }: IncomingMessage) =>
  url.includes("/organizations/acme/roles")
    ? list(role("member"), role("member", "OrganizationRole"))
    : url.includes("/authorization/roles")
      ? list({ ...role("member"), permissions: ["a:1"] }, { ...role("door"), resource_type_slug: "house" })
      : url.startsWith("/organizations")
        ? list({ id: "acme" })
        : list();

describe("from servers that misbehave", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** Answers each request by what a function returns: a status and a body. */
  async function serve(
    answer: (request: IncomingMessage) => readonly [status: number, body: unknown],
  ): Promise<string> {
    server = createServer((request, response) => {
      const [status, body] = answer(request);
      response.writeHead(status, { "retry-after": "0" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test("a refused key is named, and not repeated", async () => {
    const address = await serve(() => [401, { message: "Unauthorized" }]);
    const { code, stderr } = await importFrom(address, []);
    expect(code).toBe(1);
    expect(stderr).toContain("The server does not accept the key of WORKOS_API_KEY.");
    expect(stderr).not.toContain("sk_test");
  });

  test("a server that is busy is asked again", async () => {
    const failing = [429, 503, 500];
    const address = await serve((request) => {
      const status = failing.pop();
      return status ? [status, "busy"] : usual(request);
    });
    expect((await importFrom(address, ["--no-members"])).stderr).toContain('Organization "acme" has a role "member"');
    expect(failing).toEqual([]);
  });

  test.each([
    ["a body that is no JSON", [200, "<html>"], "the response is not JSON."],
    ["another form", [200, { data: [{ slug: 1 }] }], "the response has another form than expected:\n"],
    ["a list without end", [200, { data: [], list_metadata: { after: "x" } }], "the list does not end."],
    ["an endpoint that is missing", [404, { message: "Not Found" }], '404 {"message":"Not Found"}'],
  ] as const)("%s", async (_, answer, sentence) => {
    const file = path.join(folder, "there.yaml");
    writeFileSync(file, "environment: there\n");
    const { code, stdout, stderr } = await importFrom(await serve(() => answer), ["--output", file]);
    expect({ code, stdout, kept: readFileSync(file, "utf8") }).toEqual({
      code: 1,
      stdout: "",
      kept: "environment: there\n",
    });
    expect(stderr).toContain(sentence);
  });

  test("the key goes nowhere else", async () => {
    const sent: unknown[] = [];
    const other = createServer((request, response) => {
      sent.push(request.headers.authorization);
      response.end();
    });
    await once(other.listen(0, "127.0.0.1"), "listening");
    server = createServer((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` });
      response.end();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { code } = await importFrom(`127.0.0.1:${(server.address() as AddressInfo).port}`, []);
    other.close();
    expect({ code, sent }).toEqual({ code: 1, sent: [] });
    const plain = await runApart(["import", "workos", "--api", "http://api.example.com"], key);
    expect(plain.stderr).toContain("It must begin with https://, because the key is sent there.");
    expect((await importFrom("127.0.0.1:1", [], {}, "")).stderr).toContain("an API key is required");
  });
});
