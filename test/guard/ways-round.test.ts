import { randomUUID } from "node:crypto";
import { tokenDigest } from "../../src/auth/authenticator";
import { type TestClient, bearer, connect, failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";

/** Credentials of the backend, which acts for anybody, and of `bob` himself, who may do everything but what he lacks. */
const callers = { backend: {}, bob: { acting_user: "bob" } };
const tokenOf = (name: string) => `token-of-${name}`;
const credentials = Object.entries(callers).map(([name, more]) => ({
  name,
  token_sha256: tokenDigest(tokenOf(name)).toString("hex"),
  action: "admin",
  environments: "*",
  ...more,
}));
const environmentId = "alpha";
const acme = { environmentId, organizationId: "acme" };
const write = ["docs:write"];

const refusalOf = async (call: Promise<unknown>) => {
  const { code, reason, metadata } = await failureOf(call);
  return { code, reason, scope: metadata?.["scope"], permissions: metadata?.["permissions"] };
};

const promote = (client: Pick<TestClient, "memberships">, more = {}) =>
  client.memberships.setMemberRoles({ ...acme, userId: "eve", roleSlugs: ["owner"], ...more });

/** The access of those who must not get more. */
async function checkUnchanged({ access }: Pick<TestClient, "access">): Promise<void> {
  expect((await access.getAccess({ ...acme, userId: "bob" })).permissions).toEqual(["docs:read"]);
  expect((await access.getAccess({ ...acme, userId: "eve" })).permissions).toEqual([]);
}

describe("nobody gets round the guard", () => {
  let backend: TestService;
  let bob: TestClient;
  const clients: TestClient[] = [];
  const act = (name: string, user: string) => {
    const headers = { ...bearer(tokenOf(name)).headers, "orgroles-acting-user": user };
    const client = connect(backend.address, { headers });
    clients.push(client);
    return client;
  };
  const refused = {
    code: "PERMISSION_DENIED",
    reason: "ESCALATION_REFUSED",
    scope: "organization",
    permissions: "docs:write",
  };
  const refusedAsWhole = { ...refused, scope: "environment", permissions: "" };

  beforeAll(async () => {
    const settings = { ORGROLES_CREDENTIALS: JSON.stringify(credentials) };
    backend = await startService(present(engines[0]), settings, undefined, bearer(tokenOf("backend")));
    bob = connect(backend.address, bearer(tokenOf("bob")));
    clients.push(bob);
    const { permissions, roles, memberships, environments } = backend;
    for (const slug of ["docs:read", "docs:write"])
      await permissions.createPermission({ environmentId, slug, name: slug });
    await roles.createRole({ environmentId, slug: "owner", name: "Owner", permissions: ["docs:read", "docs:write"] });
    await roles.createRole({ environmentId, slug: "reader", name: "Reader", permissions: ["docs:read"] });
    await roles.createRole({ ...acme, slug: "org-plain", name: "Plain" });
    for (const [userId, role] of [
      ["ann", "owner"],
      ["bob", "reader"],
      ["eve", "member"],
    ] as const)
      await memberships.setMemberRoles({ ...acme, userId, roleSlugs: [role] });
    const environment = present((await environments.getEnvironment({ environmentId })).environment);
    await environments.updateEnvironment({
      environmentId,
      environment: { ...environment, escalationGuardEnabled: true },
      updateMask: ["escalation_guard_enabled"],
    });
  });
  afterEach(() => checkUnchanged(backend));
  afterAll(async () => {
    clients.forEach((client) => client.close());
    await backend?.drop();
  });

  test("by bound credentials without the header, or with another one", async () => {
    expect(await refusalOf(promote(bob))).toEqual(refused);
    expect(await refusalOf(promote(act("bob", "bob")))).toEqual(refused);
    expect(await refusalOf(promote(act("bob", "ann")))).toMatchObject({ reason: "SCOPE_INSUFFICIENT" });
  });

  test("by switching it off, or by the deletion of the environment", async () => {
    const environment = present((await backend.environments.getEnvironment({ environmentId })).environment);
    for (const client of [bob, act("backend", "ann")])
      expect(
        await refusalOf(
          client.environments.updateEnvironment({
            environmentId,
            environment: { ...environment, escalationGuardEnabled: false },
            updateMask: ["escalation_guard_enabled"],
          }),
        ),
      ).toEqual(refusedAsWhole);
    expect(await refusalOf(bob.environments.deleteEnvironment({ environmentId, force: true }))).toEqual(refusedAsWhole);
    expect(await refusalOf(bob.environments.deleteOrganizationData(acme))).toEqual(refusedAsWhole);
  });

  test("one floor up, by the roles of the environment", async () => {
    const role = { environmentId, slug: "reader" };
    expect(await refusalOf(bob.roles.addRolePermissions({ ...role, permissions: write }))).toEqual(refusedAsWhole);
    expect(await refusalOf(bob.roles.setDefaultRole({ environmentId, slug: "owner" }))).toEqual(refusedAsWhole);
    expect(await refusalOf(bob.roles.deleteEnvironmentRole({ ...role, replacementDefaultRoleSlug: "owner" }))).toEqual(
      refusedAsWhole,
    );
  });

  test("by the request id of somebody else", async () => {
    const requestId = randomUUID();
    const ann = act("backend", "ann");
    const add = (client: TestClient) =>
      client.memberships.setMemberRoles({ ...acme, userId: "new", roleSlugs: ["owner"], requestId });
    await add(ann);
    await backend.memberships.deleteMembership({ ...acme, userId: "new" });
    for (const client of [bob, act("backend", "bob")])
      expect((await failureOf(add(client))).reason).toBe("REQUEST_ID_REUSED");
    expect((await failureOf(backend.memberships.getMembership({ ...acme, userId: "new" }))).reason).toBe(
      "MEMBERSHIP_NOT_FOUND",
    );
  });

  test("by a refused request that is repeated after it would be allowed, which is decided anew", async () => {
    const requestId = randomUUID();
    expect(await refusalOf(promote(bob, { requestId }))).toEqual(refused);
    await backend.memberships.setMemberRoles({ ...acme, userId: "bob", roleSlugs: ["owner"] });
    await promote(bob, { requestId });
    await backend.memberships.setMemberRoles({ ...acme, userId: "eve", roleSlugs: ["member"] });
    await backend.memberships.setMemberRoles({ ...acme, userId: "bob", roleSlugs: ["reader"] });
    await promote(bob, { requestId }); // the first answer, which changes nothing
  });

  test("by priority, where a group has two roles of which the higher one counts", async () => {
    const slugs = ["member", "owner", "reader", "org-plain"];
    expect(
      await refusalOf(act("backend", "stranger").roles.setPriority({ ...acme, slugs: slugs.toReversed() })),
    ).toEqual({ ...refused, permissions: "docs:read,docs:write" });
    await backend.roles.setPriority({ ...acme, slugs: ["reader", "member", "owner", "org-plain"] });
    expect(await refusalOf(bob.roles.setPriority({ ...acme, slugs }))).toEqual(refused);
    await bob.roles.setPriority({ ...acme, slugs: ["reader", "owner", "member", "org-plain"] }); // below his own
    await backend.roles.setPriority({ ...acme, slugs });
  });

  test("by a role that later gains permissions", async () => {
    await bob.memberships.setMemberRoles({ ...acme, userId: "eve", roleSlugs: ["org-plain"] });
    const role = { ...acme, slug: "org-plain" };
    expect(await refusalOf(bob.roles.addRolePermissions({ ...role, permissions: write }))).toEqual(refused);
    await bob.roles.addRolePermissions({ ...role, permissions: ["docs:read"] }); // which he has
    await bob.roles.removeRolePermissions({ ...role, permissions: ["docs:read"] });
  });

  test("by groups, whose mapping the backend has made", async () => {
    expect(await refusalOf(bob.memberships.setGroupRole({ ...acme, groupId: "crew", roleSlug: "owner" }))).toEqual(
      refused,
    );
    await backend.memberships.setGroupRole({ ...acme, groupId: "chiefs", roleSlug: "owner" });
    for (const userId of ["eve", "bob", "new"])
      expect(await refusalOf(bob.memberships.syncMemberGroups({ ...acme, userId, groupIds: ["chiefs"] }))).toEqual(
        refused,
      );
  });

  test("by membership in another organization, in which the user may do everything", async () => {
    const globex = { ...acme, organizationId: "globex" };
    await backend.memberships.setMemberRoles({ ...globex, userId: "bob", roleSlugs: ["owner"] });
    expect(await refusalOf(promote(bob))).toEqual(refused);
    const memberships = ["globex", "acme"].map((organizationId) => ({
      organizationId,
      userId: "new",
      roleSlugs: ["owner"],
    }));
    expect(await refusalOf(bob.memberships.batchSetMemberRoles({ environmentId, memberships }))).toEqual(refused);
    await bob.memberships.setMemberRoles({ ...globex, userId: "new", roleSlugs: ["owner"] });
    await backend.memberships.deleteUserMemberships({ environmentId, userId: "new" });
    await backend.memberships.deleteMembership({ ...globex, userId: "bob" });
  });

  test("and what was refused has left no event", async () => {
    const { events } = await backend.events.listEvents({ environmentId });
    expect(events.filter(({ actingUserId }) => actingUserId === "bob").map(({ type }) => type)).toEqual([
      "membership.updated",
      "role_config.updated",
      "membership.updated",
      "role.updated",
      "role.updated",
      "membership.created",
    ]);
  });
});
