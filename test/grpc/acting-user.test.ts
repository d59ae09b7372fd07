import { RoleServiceService } from "../../gen/orgroles/v1/role_service";
import { fingerprintOf } from "../../src/api/decode";
import { tokenDigest } from "../../src/auth/authenticator";
import { type TestClient, bearer, connect, failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { queryOnce } from "../support/storage";
import { present, stageOn } from "../support/stage";

const requestId = "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a11";

const tokenOf = (name: string) => `token-of-${name}`;

describe("the acting user of a call", () => {
  const stage = stageOn(present(engines[0]));
  const clients: TestClient[] = [];
  const actingFor = (user: string) => {
    const client = connect(stage.address, { headers: { "orgroles-acting-user": user } });
    clients.push(client);
    return client;
  };
  afterAll(() => clients.forEach((client) => client.close()));

  test("is in the events of a change", async () => {
    const environmentId = await stage.changingEnvironment();
    const scope = { environmentId, organizationId: "acme", userId: "bob" };
    await actingFor("user_ann").memberships.setMemberRoles(scope);
    await stage.memberships.deleteMembership(scope);
    const { events } = await stage.events.listEvents({ environmentId, organizationId: "acme" });
    expect(events.map(({ actor, actingUserId }) => [actor, actingUserId])).toEqual([
      ["anonymous", "user_ann"],
      ["anonymous", ""],
    ]);
  });

  test.each(["two users", "one, other", "x".repeat(65)])(
    "is refused for a change, and ignored by a read: %p",
    async (user) => {
      const environmentId = await stage.environment();
      const client = actingFor(user);
      const change = client.memberships.setMemberRoles({ environmentId, organizationId: "acme", userId: "bob" });
      expect(await failureOf(change)).toMatchObject({
        reason: "INVALID_FIELDS",
        violations: [{ field: "orgroles-acting-user" }],
      });
      const { environment } = await client.environments.getEnvironment({ environmentId });
      expect(environment?.id).toBe(environmentId);
    },
  );

  test("is part of a repeated request", async () => {
    const environmentId = await stage.changingEnvironment();
    const request = { environmentId, organizationId: "acme", name: "Auditor", requestId };
    const created = await actingFor("user_ann").roles.createRole(request);
    expect(await actingFor("user_ann").roles.createRole(request)).toEqual(created);
    for (const client of [actingFor("user_bob"), stage])
      expect((await failureOf(client.roles.createRole(request))).reason).toBe("REQUEST_ID_REUSED");
  });
});

describe("the credentials of a call", () => {
  const grant = { action: "admin", environments: "*" };
  const credentials = ["ann", "bob"].map((name) => ({
    name,
    token_sha256: tokenDigest(tokenOf(name)).toString("hex"),
    ...grant,
  }));
  let service: TestService;
  let other: TestClient;
  beforeAll(async () => {
    const settings = { ORGROLES_CREDENTIALS: JSON.stringify(credentials) };
    service = await startService(present(engines[0]), settings, undefined, bearer(tokenOf("ann")));
    other = connect(service.address, bearer(tokenOf("bob")));
  });
  afterAll(async () => {
    other?.close();
    await service?.drop();
  });
  const request = { environmentId: "alpha", organizationId: "acme", name: "Auditor", requestId };

  test("are part of a repeated request", async () => {
    const created = await service.roles.createRole(request);
    expect(await service.roles.createRole(request)).toEqual(created);
    expect((await failureOf(other.roles.createRole(request))).reason).toBe("REQUEST_ID_REUSED");
  });

  test("are not, if the version before has answered the request", async () => {
    const again = { ...request, requestId: "6f1b3a0e-3c1f-4d7c-9d59-2f0f4f0a8a12" };
    const created = await service.roles.createRole(again);
    const { createRole } = RoleServiceService;
    const whole = { ...createRole.requestDeserialize(Buffer.alloc(0)), ...again };
    const earlier = fingerprintOf(createRole, whole);
    const record = `request_id = '${again.requestId}'`;
    await queryOnce(service.database, `UPDATE answered_requests SET fingerprint = '${earlier}' WHERE ${record}`);
    expect(await other.roles.createRole(again)).toEqual(created);
    const renamed = { ...again, name: "Other" };
    expect((await failureOf(service.roles.createRole(renamed))).reason).toBe("REQUEST_ID_REUSED");
  });
});

const addBob = (client: TestClient) =>
  failureOf(client.memberships.setMemberRoles({ environmentId: "alpha", organizationId: "globex", userId: "bob" }));

describe("credentials that are bound to a user", () => {
  const grant = { action: "admin", environments: "*", acting_user: "user_ann" };
  const bound = bearer(tokenOf("bound"));
  const clients: TestClient[] = [];
  let service: TestService;
  const withHeader = (user: string) => {
    const client = connect(service.address, { headers: { ...bound.headers, "orgroles-acting-user": user } });
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    const credential = { name: "bound", token_sha256: tokenDigest(tokenOf("bound")).toString("hex"), ...grant };
    const settings = { ORGROLES_CREDENTIALS: JSON.stringify([credential]) };
    service = await startService(present(engines[0]), settings, undefined, bound);
  });
  afterAll(async () => {
    clients.forEach((client) => client.close());
    await service?.drop();
  });

  test("act as that user, with the header or without it", async () => {
    const scope = { environmentId: "alpha", organizationId: "acme" };
    for (const [userId, client] of Object.entries({ bob: service, eve: withHeader("user_ann") }))
      await client.memberships.setMemberRoles({ ...scope, userId });
    const { events } = await service.events.listEvents(scope);
    expect(events.map(({ actor, actingUserId }) => [actor, actingUserId])).toEqual([
      ["bound", "user_ann"],
      ["bound", "user_ann"],
    ]);
  });

  test("are refused as another user, and with a header that names none", async () => {
    expect(await addBob(withHeader("user_bob"))).toMatchObject({
      code: "PERMISSION_DENIED",
      reason: "SCOPE_INSUFFICIENT",
      metadata: { scope: "acting_user" },
    });
    expect(await addBob(withHeader("two users"))).toMatchObject({ reason: "INVALID_FIELDS" });
    expect((await service.events.listEvents({ environmentId: "alpha", organizationId: "globex" })).events).toEqual([]);
  });

  test("are shown by GetCaller, whatever the header of a read", async () => {
    for (const client of [service, withHeader("user_bob")])
      expect(await client.access.getCaller({})).toMatchObject({ name: "bound", actingUserId: "user_ann" });
  });
});
