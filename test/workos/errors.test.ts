import type { OutgoingHttpHeaders } from "node:http";
import { sqliteEngine } from "../support/engines";
import { startService } from "../support/service";
import { rest } from "./raw";
import { failure, startWorkos } from "./stage";

let stage: Awaited<ReturnType<typeof startWorkos>>;
let address: string;
beforeAll(async () => {
  stage = await startWorkos(sqliteEngine, { ORGROLES_HTTP_ORIGINS: "https://app.example.com" });
  address = stage.service.httpAddress;
  const { authorization, userManagement } = stage.by("alpha");
  await authorization.createPermission({ slug: "docs:read", name: "Read" });
  await authorization.createOrganizationRole("acme", { slug: "org-used", name: "Used" });
  await authorization.createOrganizationRole("acme", { slug: "org-mapped", name: "Mapped" });
  await userManagement.createOrganizationMembership({ organizationId: "acme", userId: "ann", roleSlug: "org-used" });
  const group = { environmentId: "alpha", organizationId: "acme", groupId: "staff", roleSlug: "org-mapped" };
  await stage.service.memberships.setGroupRole(group);
});
afterAll(() => stage?.service.drop());

const membership = { organization_id: "acme", user_id: "ann" };
const acmeRoles = "/authorization/organizations/acme/roles";
const memberships = "/user_management/organization_memberships";

test.each([
  ["POST /authorization/roles", { slug: "member", name: "M" }, 409, "role_slug_conflict"],
  [`POST ${acmeRoles}`, { slug: "org-used", name: "M" }, 409, "organization_role_slug_conflict"],
  ["POST /authorization/permissions", { slug: "docs:read", name: "M" }, 409, "permission_slug_conflict"],
  [`POST ${memberships}`, membership, 409, "organization_membership_already_exists"],
  [`DELETE ${acmeRoles}/org-used`, undefined, 409, "role_has_assignments"],
  [`DELETE ${acmeRoles}/org-mapped`, undefined, 409, "role_has_group_role_mappings"],
  [`DELETE ${acmeRoles}/member`, undefined, 400, "bad_request"],
  [`PATCH ${acmeRoles}/member`, { name: "M" }, 400, "bad_request"],
  [`DELETE ${acmeRoles}/org-used/permissions/docs:read`, undefined, 404, "entity_not_found"],
  [`PUT ${acmeRoles}/org-used/permissions`, { permissions: ["docs:gone"] }, 404, "entity_not_found"],
  [`PUT ${acmeRoles}/priority`, { role_priority_order: ["member", "member"] }, 400, "duplicate_role_slugs"],
  [`PUT ${acmeRoles}/priority`, { role_priority_order: ["none"] }, 400, "unknown_role_slugs"],
  [`PUT ${acmeRoles}/priority`, { role_priority_order: ["member"] }, 400, "bad_request"],
  [`POST ${memberships}`, { ...membership, user_id: "bob", role_slug: "none" }, 422, "invalid_role"],
  [
    `POST ${memberships}`,
    { ...membership, role_slug: "member", role_slugs: ["member"] },
    422,
    "invalid_request_parameters",
  ],
  [`GET ${memberships}/om_none`, undefined, 404, "entity_not_found"],
  ["GET /authorization/resources/x", undefined, 404, "not_found"],
  ["POST /authorization/roles", { slug: "x", name: "x", resource_type_slug: "project" }, 404, "not_found"],
  ["DELETE /authorization/roles/member", undefined, 404, "not_found"],
  ["GET /user_management/users", undefined, 404, "not_found"],
  ["GET /authorization/roles/%zz", undefined, 404, "not_found"],
] as const)("%s with %j is %i %s", async (at, body, status, code) => {
  const answer = await rest(address, at, body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.body["message"]).toEqual(expect.any(String));
  expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
});

const deep = `{"name":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;

test.each([
  ["text that is no JSON", "{", 400],
  ["a list", "[]", 400],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), 400],
  ["another type of content", { slug: "x", name: "x" }, 400, { "content-type": "text/plain" }],
  ["a key given twice", '{"slug":"a","slug":"b","name":"x"}', 422],
  ["a key given twice with an escape", String.raw`{"slug":"a","sl\u0075g":"b","name":"x"}`, 422],
  ["a parameter that is not there", { slug: "x", name: "x", permissions: [] }, 422],
  ["the name of a prototype", '{"slug":"x","name":"x","__proto__":{"a":1}}', 422],
  ["a number for text", { slug: 1, name: "x" }, 422],
  ["a list for text", { slug: ["x"], name: "x" }, 422],
  ["nothing", "", 422],
  ["null for what is required", { slug: null, name: null }, 422],
  ["deep nesting", deep, 400],
  ["half of a surrogate pair", String.raw`{"slug":"x","name":"\ud800"}`, 422],
  ["more than the limit of bytes", { slug: "x", name: "x".repeat(1024 * 1024) }, 400],
] as const)("a body of %s is refused", async (_, body, status, headers: OutgoingHttpHeaders = {}) => {
  const answer = await rest(address, "POST /authorization/roles", body, headers);
  expect([answer.status, Object.keys(answer.body)]).toEqual([status, ["message", "code", "errors"]]);
  expect((await stage.by("alpha").authorization.listEnvironmentRoles()).data).toHaveLength(1);
});

test("a query with a parameter twice, or one that is not there, is refused by name", async () => {
  for (const [query, field] of [
    ["limit=1&limit=2", "limit"],
    ["__proto__=1", "__proto__"],
    ["limit=1&page=2", "page"],
  ] as const) {
    const answer = await rest(address, `GET /authorization/permissions?${query}`);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  }
});

test.each([
  ["a foreign origin", { origin: "https://evil.example" }],
  ["the origin null", { origin: "null" }],
  ["two hosts", { host: "a b" }],
])("%s is refused before anything is read", async (_, headers) => {
  const answer = await rest(address, "POST /authorization/roles", { slug: "x", name: "x" }, headers);
  expect(answer.status).toBe(403);
  expect((await stage.by("alpha").authorization.listEnvironmentRoles()).data).toHaveLength(1);
});

describe("credentials", () => {
  test("none and unknown ones are 401", async () => {
    expect(await failure(stage.by("nobody").authorization.listEnvironmentRoles())).toMatchObject({
      name: "UnauthorizedException",
      status: 401,
    });
    const answer = await rest(address, "GET /authorization/roles", undefined, { key: "" });
    expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  });

  test("of several environments they need a configured one", async () => {
    for (const name of ["all", "both"])
      expect(await failure(stage.by(name).authorization.listEnvironmentRoles())).toMatchObject({
        name: "GenericServerException",
        status: 403,
        message: expect.stringContaining("ORGROLES_WORKOS_ENVIRONMENT"),
      });
  });

  test("that only read do not write", async () => {
    const { authorization } = stage.by("reader");
    expect((await authorization.listEnvironmentRoles()).data).toHaveLength(1);
    expect(await failure(authorization.createEnvironmentRole({ slug: "x", name: "X" }))).toMatchObject({ status: 403 });
  });

  test("of one organization reach no other, whether a membership is there or not", async () => {
    const { userManagement } = stage.by("alpha");
    const other = await userManagement.createOrganizationMembership({ organizationId: "globex", userId: "ann" });
    const restricted = stage.by("acme");
    const get = (id: string) => failure(restricted.userManagement.getOrganizationMembership(id));
    expect(await get(other.id)).toMatchObject({ status: 403 });
    await userManagement.deleteOrganizationMembership(other.id);
    expect(await get(other.id)).toMatchObject({ status: 403 });
    expect(await get(`${other.id}x`)).toMatchObject({ status: 404 });
    const ofAnn = await restricted.userManagement.listOrganizationMemberships({ userId: "ann" });
    expect(ofAnn.data.map(({ organizationId }) => organizationId)).toEqual(["acme"]);
    expect(await failure(restricted.authorization.listOrganizationRoles("globex"))).toMatchObject({ status: 403 });
    const named = restricted.userManagement.listOrganizationMemberships({ organizationId: "globex" });
    expect(await failure(named)).toMatchObject({ status: 403 });
    const organizations = await restricted.organizations.listOrganizations();
    expect(organizations.data.map(({ id }) => id)).toEqual(["acme"]);
  });
});

test("calls are in the log and the metrics under the names of their endpoints", async () => {
  const answer = await rest(
    address,
    "POST /authorization/roles",
    { slug: "member", name: "M" },
    { "x-request-id": "mine" },
  );
  expect(answer.headers["x-request-id"]).toBe("mine");
  await new Promise((resolve) => {
    setTimeout(resolve, 200); // the log is written ten times a second
  });
  const call = {
    method: "/workos/CreateEnvironmentRole",
    code: "ALREADY_EXISTS",
    reason: "ROLE_SLUG_TAKEN",
    caller: "alpha",
    requestId: "mine",
  };
  expect(stage.service.lines).toContainEqual(expect.objectContaining(call));
  expect(await stage.service.metrics()).toMatch(/method="\/workos\/CreateEnvironmentRole",code="ALREADY_EXISTS"/);
});

test("a rate limit is the client's exception for it", async () => {
  const limited = await startWorkos(sqliteEngine, { ORGROLES_RATE_LIMIT: "3" });
  try {
    const { authorization } = limited.by("alpha");
    const answers = await Promise.all(Array.from({ length: 12 }, () => failure(authorization.getPermission("none"))));
    expect(answers).toContainEqual(expect.objectContaining({ name: "RateLimitExceededException", status: 429 }));
  } finally {
    await limited.service.drop();
  }
});

test("the API is off unless it is switched on, and without credentials any key will do", async () => {
  for (const [settings, status] of [
    [{}, 404],
    [{ ORGROLES_WORKOS_API: "on", ORGROLES_WORKOS_ENVIRONMENT: "beta" }, 200],
    [{ ORGROLES_WORKOS_API: "on" }, 403],
  ] as const) {
    const open = await startService(sqliteEngine, settings);
    try {
      expect((await rest(open.httpAddress, "GET /authorization/roles")).status).toBe(status);
    } finally {
      await open.drop();
    }
  }
});
