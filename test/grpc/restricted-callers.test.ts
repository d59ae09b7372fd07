import { tokenDigest } from "../../src/auth/authenticator";
import { type TestClient, bearer, connect, failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type TestService, startService } from "../support/service";

const tokenOf = (name: string) => `token-of-${name}`;
const grants = {
  root: { environments: "*", action: "admin" },
  alpha: { environments: ["beta", "alpha", "no-such"], action: "write" },
  acme: { environments: ["alpha"], organizations: ["no-such", "acme"], action: "read" },
  several: { environments: "*", organizations: ["globex", "acme"], action: "admin" },
};
type Name = keyof typeof grants;
const names = Object.keys(grants) as Name[];
const credentials = names.map((name) => ({
  name,
  token_sha256: tokenDigest(tokenOf(name)).toString("hex"),
  ...grants[name],
}));

describe.each(engines)("restricted callers on $name", (engine) => {
  let service: TestService;
  const clients = {} as Record<Name, TestClient>;

  beforeAll(async () => {
    const settings = { ORGROLES_CREDENTIALS: JSON.stringify(credentials) };
    service = await startService(engine, settings, undefined, bearer(tokenOf("root")));
    for (const name of names) clients[name] = connect(service.address, bearer(tokenOf(name)));
    for (const environmentId of ["alpha", "beta", "gamma"]) {
      if (environmentId === "gamma") await service.environments.createEnvironment({ environmentId });
      await service.permissions.createPermission({ environmentId, slug: "docs:read", name: environmentId });
      await service.roles.createRole({ environmentId, slug: "lead", name: environmentId });
    }
  });
  afterAll(async () => {
    for (const client of Object.values(clients)) client.close();
    await service?.drop();
  });

  const unbound = { actingUserId: "" };

  test("learn what they may do", async () => {
    const everywhere = { environmentIds: [], organizationIds: [], ...unbound };
    expect(await clients.root.access.getCaller({})).toEqual({ name: "root", level: "admin", ...everywhere });
    expect(await clients.alpha.access.getCaller({})).toEqual({
      name: "alpha",
      level: "write",
      environmentIds: ["alpha", "beta", "no-such"],
      organizationIds: [],
      ...unbound,
    });
    expect(await clients.acme.access.getCaller({})).toEqual({
      name: "acme",
      level: "read",
      environmentIds: ["alpha"],
      organizationIds: ["acme", "no-such"],
      ...unbound,
    });
    expect(await clients.several.access.getCaller({})).toEqual({
      name: "several",
      level: "admin",
      environmentIds: [],
      organizationIds: ["acme", "globex"],
      ...unbound,
    });
  });

  test("list their own environments, in pages", async () => {
    const listed = async (name: Name, pageSize = 0) => {
      const ids: string[][] = [];
      for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
        const page = await clients[name].environments.listEnvironments({ pageSize, pageToken });
        ids.push(page.environments.map(({ id }) => id));
        pageToken = page.nextPageToken || undefined;
      }
      return ids;
    };
    expect(await listed("root")).toEqual([["alpha", "beta", "gamma"]]);
    expect(await listed("several")).toEqual([["alpha", "beta", "gamma"]]);
    expect(await listed("alpha")).toEqual([["alpha", "beta"]]);
    expect(await listed("alpha", 1)).toEqual([["alpha"], ["beta"]]);
    expect(await listed("acme")).toEqual([["alpha"]]);
    const { nextPageToken: pageToken } = await clients.root.environments.listEnvironments({ pageSize: 2 });
    const { environments } = await clients.alpha.environments.listEnvironments({ pageToken });
    expect(environments).toEqual([]);
  });

  test("read what their organizations inherit, and nothing of another environment", async () => {
    const { environments, permissions, roles } = clients.acme;
    const reads = (environmentId: string) => [
      environments.getEnvironment({ environmentId }),
      permissions.getPermission({ environmentId, slug: "docs:read" }),
      permissions.listPermissions({ environmentId }),
      roles.listEnvironmentRoles({ environmentId }),
    ];
    expect(await Promise.all(reads("alpha"))).toMatchObject([
      { environment: { id: "alpha" } },
      { permission: { name: "alpha" } },
      { permissions: [{ name: "alpha" }] },
      { roles: [{ slug: "member" }, { slug: "lead", name: "alpha" }] },
    ]);
    for (const failure of await Promise.all(reads("beta").map(failureOf)))
      expect(failure).toMatchObject({ reason: "SCOPE_INSUFFICIENT", metadata: { scope: "environment" } });
  });

  test("change nothing that their organizations inherit", async () => {
    const { permissions, roles, environments } = clients.several;
    const changes = [
      permissions.createPermission({ environmentId: "alpha", slug: "docs:write", name: "Write" }),
      permissions.deletePermission({ environmentId: "alpha", slug: "docs:read" }),
      roles.createRole({ environmentId: "alpha", slug: "owner", name: "Owner" }),
      roles.setDefaultRole({ environmentId: "alpha", slug: "lead" }),
      environments.deleteEnvironment({ environmentId: "alpha" }),
      environments.createEnvironment({ environmentId: "delta" }),
    ];
    for (const failure of await Promise.all(changes.map(failureOf)))
      expect(failure).toMatchObject({ reason: "SCOPE_INSUFFICIENT", metadata: { scope: "organization" } });
  });
});

test("without credentials everybody is anonymous and may do everything", async () => {
  const [engine] = engines;
  if (!engine) throw new Error("there is no engine");
  const service = await startService(engine);
  expect(await service.access.getCaller({})).toEqual({
    name: "anonymous",
    level: "admin",
    environmentIds: [],
    organizationIds: [],
    actingUserId: "",
  });
  await service.drop();
});
