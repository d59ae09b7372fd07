import { Client, credentials } from "@grpc/grpc-js";
import { pino } from "pino";
import { HealthCheckResponse_ServingStatus as Serving, HealthService } from "../../gen/grpc/health/v1/health";
import { type App, createApp } from "../../src/app/app";
import { readConfig } from "../../src/config/config";
import { type TestClient, connect, failureOf } from "../support/client";

let app: App;
let client: TestClient;
beforeAll(async () => {
  const variables = { ORGROLES_ADDRESS: "127.0.0.1:0", ORGROLES_DATABASE_URL: "mysql://root:s3cret@127.0.0.1:1/none" };
  app = await createApp(readConfig(variables), pino({ level: "silent" }));
  client = connect(app.address);
});
afterAll(async () => {
  client.close();
  await app.close();
});

const key = { environmentId: "alpha", organizationId: "acme", slug: "org-own" };
const member = { organizationId: "acme", userId: "ann" };

test.each([
  ["a read", () => client.roles.getRole(key)],
  ["a list", () => client.environments.listEnvironments({})],
  ["a write", () => client.roles.createRole({ ...key, name: "Own" })],
  ["an access check", () => client.access.checkPermission({ ...key, userId: "ann", permission: "a" })],
  [
    "a batch of checks",
    () => client.access.batchCheckPermissions({ ...key, checks: [{ ...member, permission: "a" }] }),
  ],
  ["a member's roles", () => client.memberships.setMemberRoles({ ...key, ...member })],
  ["a preview", () => client.roles.deleteOrgRole({ ...key, validateOnly: true })],
])("%s without a database is UNAVAILABLE, and says when to try again", async (_, call) => {
  expect(await failureOf(call())).toEqual({
    code: "UNAVAILABLE",
    reason: "DATABASE_UNAVAILABLE",
    domain: "orgroles",
    metadata: {},
    message: "The database is unavailable. Retry later.",
    violations: [],
    preconditions: [],
    quota: [],
    retryDelay: 1000,
  });
});

test("a request that breaks a rule is refused for that, with a database or without", async () => {
  const failure = await failureOf(client.roles.getRole({ ...key, slug: "" }));
  expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "slug" }] });
});

test("the service is alive and not serving", async () => {
  const { check } = HealthService;
  const health = new Client(app.address, credentials.createInsecure());
  for (const service of ["", "orgroles.v1.RoleService"]) {
    const status = await new Promise((resolve, reject) => {
      health.makeUnaryRequest(
        check.path,
        check.requestSerialize,
        check.responseDeserialize,
        { service },
        (error, response) => (error ? reject(error) : resolve(response?.status)),
      );
    });
    expect(status).toBe(Serving.NOT_SERVING);
  }
  health.close();
});
