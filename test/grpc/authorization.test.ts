import { readFileSync, readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { Client, type ServiceError, credentials, status } from "@grpc/grpc-js";
import { tokenDigest } from "../../src/auth/authenticator";
import { type Failure, type Identity, type TestClient, bearer, connect, failureOf } from "../support/client";
import { engines } from "../support/engines";
import { healthOf } from "../support/health";
import { message } from "../support/raw";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";

const alpha = { environments: ["alpha"] };
/** The columns of the table. */
const grants = {
  reader: { ...alpha, action: "read" },
  writer: { ...alpha, action: "write" },
  admin: { ...alpha, action: "admin" },
  root: { environments: "*", action: "admin" },
  stranger: { environments: ["beta"], action: "admin" },
  acme: { ...alpha, organizations: ["acme"], action: "admin" },
  acmeReader: { ...alpha, organizations: ["acme"], action: "read" },
  globex: { ...alpha, organizations: ["globex"], action: "admin" },
};
type Name = keyof typeof grants;
const names = Object.keys(grants) as Name[];
const tokenOf = (name: string) => `token-of-${name}`;
const settings = {
  ORGROLES_CREDENTIALS: JSON.stringify(
    names.map((name) => ({ name, token_sha256: tokenDigest(tokenOf(name)).toString("hex"), ...grants[name] })),
  ),
};

/** `+` let in; else refused for its `a`ction, its `e`nvironment or its `o`rganization. In the order of the columns. */
type Outcomes = string;
const environmentReads = "+ + + + e o o o";
/** Callers of some organizations are let in, and get only what is theirs. */
const filteredReads = "+ + + + e + + +";
/** Callers get what is about themselves, and whole environments that are theirs. */
const ownReads = "+ + + + + + + +";
const organizationReads = "+ + + + e + + o";
const environmentWrites = "a + + + e o a o";
const organizationWrites = "a + + + e + a o";
const environmentAdmin = "a a + + e o a o";
const organizationAdmin = "a a + + e + a o";

const environment = { environmentId: "alpha" };
const acme = { environmentId: "alpha", organizationId: "acme" };
const item = (organizationId: string) => ({ organizationId, userId: "ann", roleSlugs: [], permission: "docs:read" });
const slug = { slug: "no-such-role" };
const permission = { ...environment, slug: "docs:read", name: "Read" };
const member = { ...acme, userId: "ann" };
const fromNow = { $case: "fromNow", value: true };
const group = { ...acme, groupId: "crew", roleSlug: "member" };

/** Every RPC with the requests that differ in what they are about. */
const table: Record<string, readonly (readonly [sentence: string, request: object, outcomes: Outcomes])[]> = {
  "RoleService/CreateRole": [
    ["in the environment", { ...environment, slug: "lead", name: "Lead" }, environmentWrites],
    ["in an organization", { ...acme, slug: "org-lead", name: "Lead" }, organizationWrites],
    ["in an organization without an id", { ...acme, organizationId: "", name: "Lead" }, environmentWrites],
  ],
  "RoleService/GetRole": [
    ["of the environment", { ...environment, ...slug }, environmentReads],
    ["of an organization", { ...acme, ...slug }, organizationReads],
    ["of no environment", { organizationId: "acme", ...slug }, "e e e + e e e e"],
  ],
  "RoleService/ListEnvironmentRoles": [["", environment, filteredReads]],
  "RoleService/ListOrgRoles": [
    ["", acme, organizationReads],
    ["of an organization without an id", environment, environmentReads],
  ],
  "RoleService/UpdateRole": [
    ["of the environment", { ...environment, ...slug, updateMask: ["name"] }, environmentWrites],
    ["of an organization", { ...acme, ...slug, updateMask: ["name"] }, organizationWrites],
  ],
  "RoleService/AddRolePermissions": [
    ["of the environment", { ...environment, ...slug, permissions: ["docs:read"] }, environmentWrites],
    ["of an organization", { ...acme, ...slug, permissions: ["docs:read"] }, organizationWrites],
  ],
  "RoleService/RemoveRolePermissions": [
    ["of the environment", { ...environment, ...slug, permissions: ["docs:read"] }, environmentWrites],
    ["of an organization", { ...acme, ...slug, permissions: ["docs:read"] }, organizationWrites],
  ],
  "RoleService/SetPriority": [
    ["of the environment", { ...environment, slugs: ["member"] }, environmentWrites],
    ["of an organization", { ...acme, slugs: ["member"] }, organizationWrites],
  ],
  "RoleService/SetDefaultRole": [
    ["of the environment", { ...environment, slug: "member" }, environmentWrites],
    ["of an organization", { ...acme, slug: "member" }, organizationWrites],
  ],
  "RoleService/DeleteEnvironmentRole": [["", { ...environment, ...slug }, environmentWrites]],
  "RoleService/DeleteOrgRole": [["", { ...acme, ...slug }, organizationWrites]],
  "RoleService/ResetOrgRoleConfig": [["", acme, organizationWrites]],
  "RoleService/SuggestSlug": [
    ["of an organization", { ...acme, name: "Lead" }, organizationReads],
    ["of the environment", { ...environment, name: "Lead" }, environmentReads],
  ],
  "EnvironmentService/CreateEnvironment": [["that exists", environment, environmentAdmin]],
  "EnvironmentService/GetEnvironment": [["", environment, filteredReads]],
  "EnvironmentService/ListEnvironments": [["", {}, ownReads]],
  "EnvironmentService/UpdateEnvironment": [["", { ...environment, updateMask: ["display_name"] }, environmentAdmin]],
  "EnvironmentService/DeleteEnvironment": [["that is not empty", environment, environmentAdmin]],
  "EnvironmentService/DeleteOrganizationData": [
    ["", { ...acme, organizationId: "acme" }, organizationAdmin],
    ["of an organization without an id", environment, environmentAdmin],
  ],
  "EnvironmentService/ListOrganizations": [["", environment, filteredReads]],
  "EnvironmentService/GetOrganization": [
    ["", acme, organizationReads],
    ["without an id", environment, environmentReads],
  ],
  "PermissionService/CreatePermission": [["", permission, environmentWrites]],
  "PermissionService/GetPermission": [["", permission, filteredReads]],
  "PermissionService/ListPermissions": [["", environment, filteredReads]],
  "PermissionService/UpdatePermission": [["", { ...permission, updateMask: ["name"] }, environmentWrites]],
  "PermissionService/DeletePermission": [["", { ...environment, slug: "docs:none" }, environmentWrites]],
  "MembershipService/SetMemberRoles": [["", { ...member, roleSlugs: [] }, organizationWrites]],
  "MembershipService/BatchSetMemberRoles": [
    ["of one organization", { ...environment, memberships: [item("acme"), item("acme")] }, organizationWrites],
    ["of two organizations", { ...environment, memberships: [item("acme"), item("initech")] }, environmentWrites],
    ["of an organization without an id", { ...environment, memberships: [item("")] }, environmentWrites],
    ["of nobody", { ...environment, memberships: [] }, environmentWrites],
  ],
  "MembershipService/GetMembership": [["", member, organizationReads]],
  "MembershipService/DeleteMembership": [["", member, organizationWrites]],
  "MembershipService/ListMemberships": [["", acme, organizationReads]],
  "MembershipService/DeleteUserMemberships": [["", { ...environment, userId: "nobody" }, environmentWrites]],
  "MembershipService/ListUserMemberships": [["", { ...environment, userId: "ann" }, filteredReads]],
  "MembershipService/ListRoleMemberships": [["", { ...environment, roleSlug: "member" }, filteredReads]],
  "MembershipService/SetGroupRole": [["", group, organizationWrites]],
  "MembershipService/DeleteGroupRole": [["", group, organizationWrites]],
  "MembershipService/ListGroupRoles": [["", acme, organizationReads]],
  "MembershipService/SyncMemberGroups": [["", { ...member, groupIds: ["crew"] }, organizationWrites]],
  "AccessService/GetAccess": [["", member, organizationReads]],
  "AccessService/CheckPermission": [["", { ...member, permission: "docs:read" }, organizationReads]],
  "AccessService/BatchCheckPermissions": [
    ["in one organization", { ...environment, checks: [item("acme"), item("acme")] }, organizationReads],
    ["in two organizations", { ...environment, checks: [item("acme"), item("initech")] }, environmentReads],
    ["in an organization without an id", { ...environment, checks: [item("acme"), item("")] }, environmentReads],
    ["of nothing", environment, environmentReads],
  ],
  "AccessService/GetCaller": [["", {}, ownReads]],
  "EventService/ListEvents": [
    ["of the environment", environment, filteredReads],
    ["of an organization", acme, organizationReads],
    ["of an organization without an id", { ...acme, organizationId: "" }, environmentReads],
  ],
  "EventService/WatchEvents": [
    ["of the environment", { ...environment, start: fromNow }, filteredReads],
    ["of an organization", { ...acme, start: fromNow }, organizationReads],
    ["of an organization without an id", { ...acme, organizationId: "", start: fromNow }, environmentReads],
  ],
};
const rows = Object.entries(table).flatMap(([rpc, requests]) =>
  requests.map(([sentence, request, outcomes]) => ({ rpc, sentence, request, outcomes: outcomes.split(" ") })),
);

const groups: Record<string, Exclude<keyof TestClient, "close">> = {
  RoleService: "roles",
  EnvironmentService: "environments",
  PermissionService: "permissions",
  MembershipService: "memberships",
  AccessService: "access",
  EventService: "events",
};
function call(client: TestClient, rpc: string, request: object): Promise<unknown> {
  const [service = "", method = ""] = rpc.split("/");
  const calls = client[present(groups[service])] as Record<string, (request: object) => Promise<unknown>>;
  return present(calls[method.charAt(0).toLowerCase() + method.slice(1)])(request);
}

let service: TestService;
const clients = {} as Record<Name, TestClient>;
const opened: TestClient[] = [];
const connectAs = (identity?: Identity) => {
  const client = connect(service.address, identity);
  opened.push(client);
  return client;
};

beforeAll(async () => {
  service = await startService(present(engines[0]), settings, undefined, bearer(tokenOf("root")));
  for (const name of names) clients[name] = connectAs(bearer(tokenOf(name)));
  await service.permissions.createPermission(permission);
  for (const organizationId of ["acme", "globex"]) {
    const scope = { environmentId: "alpha", organizationId };
    await service.roles.createRole({ ...scope, slug: "org-own", name: "Own" });
    await service.memberships.setMemberRoles({ ...scope, userId: "ann", roleSlugs: ["org-own"] });
  }
});
afterAll(async () => {
  for (const client of opened) client.close();
  await service.drop();
});

const refusals: Record<string, string | undefined> = { a: "action", e: "environment", o: "organization" };
const refusal = (scope: string | undefined) => ({
  code: "PERMISSION_DENIED",
  reason: "SCOPE_INSUFFICIENT",
  domain: "orgroles",
  metadata: { scope },
  message: `The credentials do not allow this ${scope}`,
});

/** What came of a call of somebody who may make it: the service's own answer, whichever it is. */
const answerOf = async (answer: Promise<unknown>) => {
  const [result] = await Promise.allSettled([answer]);
  return result.status === "fulfilled" ? "OK" : (await failureOf(answer)).reason;
};
const answers =
  /^(?:OK|ROLE_NOT_FOUND|[A-Z]+_EXISTS|[A-Z_]+_TAKEN|ENVIRONMENT_NOT_EMPTY|PRIORITY_ORDER_MISMATCH|INVALID_FIELDS|[A-Z_]+_NOT_FOUND|ORGANIZATION_[A-Z_]+)$/;

const everything = async () => {
  const { environments, permissions, roles, memberships } = service;
  const organizations = ["acme", "globex", "initech"].map((organizationId) => ({ ...environment, organizationId }));
  return Promise.all([
    environments.listEnvironments({}),
    permissions.listPermissions(environment),
    roles.listEnvironmentRoles(environment),
    ...organizations.map((scope) => roles.listOrgRoles(scope)),
    ...organizations.map((scope) => memberships.listMemberships(scope)),
    ...organizations.map((scope) => memberships.listGroupRoles(scope)),
  ]);
};

test("every RPC of the API has a row", () => {
  const declared = readdirSync("proto/orgroles/v1").flatMap((file) => {
    const text = readFileSync(`proto/orgroles/v1/${file}`, "utf8");
    const [, name] = /^service (\w+)/m.exec(text) ?? [];
    return [...text.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, rpc]) => `${name}/${rpc}`);
  });
  expect(declared.length).toBeGreaterThan(30);
  expect(Object.keys(table).toSorted()).toEqual(declared.toSorted());
});

describe("those who may not", () => {
  let before: unknown;
  beforeAll(async () => (before = await everything()));

  test.each(rows)("$rpc $sentence", async ({ rpc, request, outcomes }) => {
    expect(outcomes).toHaveLength(names.length);
    for (const [index, name] of names.entries()) {
      const scope = refusals[outcomes[index] ?? ""];
      if (scope) expect(await failureOf(call(clients[name], rpc, request))).toMatchObject(refusal(scope));
    }
  });

  test.each(rows)("$rpc $sentence, by nobody", async ({ rpc, request }) => {
    const nobody = connectAs();
    const impostor = connectAs(bearer("token-of-impostor"));
    const unauthenticated = { code: "UNAUTHENTICATED", domain: "orgroles", metadata: {} };
    expect(await failureOf(call(nobody, rpc, request))).toMatchObject({
      ...unauthenticated,
      reason: "CREDENTIALS_MISSING",
    });
    expect(await failureOf(call(impostor, rpc, request))).toMatchObject({
      ...unauthenticated,
      reason: "CREDENTIALS_INVALID",
    });
  });

  test("have changed nothing", async () => {
    expect(await everything()).toEqual(before);
  });
});

describe("those who may", () => {
  test.each(rows)("$rpc $sentence", async ({ rpc, request, outcomes }) => {
    expect(outcomes).toContain("+");
    for (const [index, name] of names.entries())
      if (outcomes[index] === "+") expect(await answerOf(call(clients[name], rpc, request))).toMatch(answers);
  });
});

/** The failures that differ from each other, of calls that must fail. */
async function differentFailures(calls: readonly Promise<unknown>[]): Promise<Failure[]> {
  const failures = await Promise.all(calls.map(failureOf));
  return failures.filter((one, index) => !failures.slice(0, index).some((other) => isDeepStrictEqual(one, other)));
}

describe("the answer to those who may not tells nothing", () => {
  test("whether an environment outside the list exists", async () => {
    const calls = ["beta", "no-such", "", "not an id"].map((environmentId) =>
      clients.admin.environments.getEnvironment({ environmentId }),
    );
    expect(await differentFailures(calls)).toMatchObject([refusal("environment")]);
  });

  test("whether another organization exists, or its role, or its member", async () => {
    const calls = ["globex", "no-such", "not an id"].flatMap((organizationId) => [
      ...["org-own", "org-none"].map((one) => clients.acme.roles.getRole({ ...acme, organizationId, slug: one })),
      ...["ann", "bob"].map((userId) => clients.acme.memberships.getMembership({ ...acme, organizationId, userId })),
    ]);
    expect(await differentFailures(calls)).toMatchObject([refusal("organization")]);
  });

  test("whether a request is well formed", async () => {
    const calls = [{ name: "Lead" }, { name: "" }, { name: "x".repeat(49), permissions: ["?"] }].map((fields) =>
      clients.reader.roles.createRole({ ...environment, slug: "lead-2", ...fields }),
    );
    expect(await differentFailures(calls)).toMatchObject([refusal("action")]);
  });
});

test("in its own organization a role of another organization is not there", async () => {
  const scope = { environmentId: "alpha", organizationId: "globex" };
  await service.roles.createRole({ ...scope, slug: "org-secret", name: "Secret" });
  const failures = await Promise.all(
    ["org-secret", "org-none"].map((one) => failureOf(clients.acme.roles.getRole({ ...acme, slug: one }))),
  );
  for (const { code, reason } of failures)
    expect({ code, reason }).toEqual({ code: "NOT_FOUND", reason: "ROLE_NOT_FOUND" });
  const { slug: suggested } = await clients.acme.roles.suggestSlug({ ...acme, name: "Secret" });
  expect(suggested).toBe("org-secret");
  expect((await clients.acme.roles.createRole({ ...acme, slug: "org-secret", name: "Own" })).role?.name).toBe("Own");
});

const bytes = (encoded: Buffer) => encoded;

/** What the server says to somebody without credentials who asks it to list its services. */
async function reflectionOf(address: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const stream = client.makeBidiStreamRequest(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    bytes,
    bytes,
  );
  try {
    return await new Promise((resolve) => {
      stream.on("data", (answer: Buffer) => resolve(answer.toString("latin1")));
      stream.on("error", ({ code }: ServiceError) => resolve(status[code]));
      stream.write(Buffer.from(message([7, ""])));
    });
  } finally {
    stream.cancel();
    client.close();
  }
}

test("health and reflection need no credentials", async () => {
  expect(await healthOf(service.address)).toBe("SERVING");
  expect(await reflectionOf(service.address)).toContain("orgroles.v1.RoleService");
});

test("reflection can be switched off", async () => {
  const silent = await startService(present(engines[0]), { ORGROLES_REFLECTION: "off" });
  try {
    expect(await reflectionOf(silent.address)).toBe("UNIMPLEMENTED");
    expect(await healthOf(silent.address)).toBe("SERVING");
  } finally {
    await silent.drop();
  }
});
