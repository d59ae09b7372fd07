import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { sqliteEngine } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { until } from "../support/until";
import { type Answer, ask, call, failureIn, json, rawly } from "./peer";

const quickly = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const megabyte = 1024 * 1024;
const list = "RoleService/ListOrgRoles";
const acme = { environmentId: "alpha", organizationId: "acme" };

let service: TestService;
beforeAll(async () => {
  service = await startService(sqliteEngine, {
    ORGROLES_HTTP_ORIGINS: "https://app.example.com",
    ORGROLES_REQUEST_TIMEOUT_MS: "1000",
  });
  await service.roles.createRole({ ...acme, slug: "org-billing", name: "Billing" });
  await service.roles.createRole({ environmentId: "beta", organizationId: "acme", slug: "org-other", name: "Other" });
  await service.roles.createRole({
    environmentId: "alpha",
    organizationId: "globex",
    slug: "org-globex",
    name: "Globex",
  });
});
afterAll(() => service?.drop());

const slugsOf = ({ body }: Answer) =>
  (JSON.parse(body.toString()) as { roles: { slug: string }[] }).roles.map(({ slug }) => slug);

test("an organization's roles are answered, and no other's", async () => {
  const answer = await call(service.httpAddress, list, acme, { "x-request-id": "mine" });
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ "content-type": "application/json", "x-request-id": "mine" });
  expect(slugsOf(answer)).toEqual(["member", "org-billing"]);
});

test("a misspelt field makes no role for everybody", async () => {
  const request = { environmentId: "alpha", organisationId: "acme", slug: "billing", name: "Billing" };
  const answer = await call(service.httpAddress, "RoleService/CreateRole", request);
  expect(failureIn(answer)).toMatchObject({ status: 400, reason: "INVALID_FIELDS", fields: ["organisationId"] });
  const { roles } = await service.roles.listEnvironmentRoles({ environmentId: "alpha" });
  expect(roles.map(({ slug }) => slug)).toEqual(["member"]);
});

const many = `[${Array.from({ length: 20_000 }, () => "{}").join()}]`;

test.each([
  ["text that is no JSON", "{", ["request"]],
  ["nothing", "", ["request"]],
  ["a list", "[]", ["request"]],
  ["null", "null", ["request"]],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), ["request"]],
  ["half of a surrogate pair", String.raw`{"environmentId":"\ud800"}`, ["environment_id"]],
  ["a key given twice", '{"environmentId":"alpha","environmentId":"beta"}', ["environmentId"]],
  [
    "a key given twice, once with an escape",
    String.raw`{"environmentId":"alpha","environment\u0049d":"beta"}`,
    ["environmentId"],
  ],
  ["a field in both of its names", '{"organizationId":"acme","organization_id":"globex"}', ["organization_id"]],
  ["the name of a prototype", '{"__proto__":{"environmentId":"alpha"}}', ["__proto__"]],
  ["several unknown fields", '{"a":1,"b":2}', ["a", "b"]],
  ["a number for text", '{"environmentId":1}', ["environment_id"]],
  ["an object for text", '{"environmentId":{}}', ["environment_id"]],
  ["text for a number", '{"pageSize":"many"}', ["page_size"]],
  ["a number out of range", '{"pageSize":1e99}', ["page_size"]],
  ["deep nesting", `{"environmentId":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, ["environment_id"]],
])("%s is INVALID_FIELDS by name", async (_, body, fields) => {
  expect(failureIn(await call(service.httpAddress, list, body))).toMatchObject({
    status: 400,
    code: "invalid_argument",
    reason: "INVALID_FIELDS",
    fields,
  });
});

test("fields inside of messages and lists are named with their paths", async () => {
  const body = { environmentId: "alpha", checks: [{ organizationId: "acme" }, { organisationId: "acme", userId: 1 }] };
  const answer = await call(service.httpAddress, "AccessService/BatchCheckPermissions", body);
  expect(failureIn(answer).fields).toEqual(["checks[1].organisationId", "checks[1].user_id"]);
});

test("more messages than any valid request has are refused before they are made", async () => {
  const answer = await call(service.httpAddress, "AccessService/BatchCheckPermissions", `{"checks":${many}}`);
  expect(failureIn(answer)).toMatchObject({ reason: "INVALID_FIELDS", fields: ["checks"] });
});

test.each(["GET", "HEAD", "PUT", "DELETE", "PATCH"])("%s of a call is 405", async (method) => {
  const path = `/orgroles.v1.${list}?encoding=json&message=%7B%7D&connect=v1`;
  const answer = await ask(service.httpAddress, path, { method });
  expect([answer.status, answer.headers.allow]).toEqual([405, "POST"]);
  if (method !== "HEAD") expect(failureIn(answer)).toMatchObject({ reason: "INVALID_FIELDS", fields: ["method"] });
});

test.each([
  "",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/grpc",
  "application/connect+json",
  "application/grpc-web-text",
])("the content type %j is 415", async (type) => {
  const answer = await call(service.httpAddress, list, acme, { "content-type": type });
  expect(failureIn(answer)).toMatchObject({ status: 415, reason: "INVALID_FIELDS", fields: ["content-type"] });
});

test.each([
  "RoleService/Nope",
  "RoleService/listOrgRoles",
  "RoleService/ListOrgRoles/",
  "RoleService//ListOrgRoles",
  "grpc.health.v1.Health/Check",
])("the path %s is 404", async (rpc) => {
  const answer = await call(service.httpAddress, rpc, acme);
  expect(failureIn(answer)).toMatchObject({ status: 404, code: "unimplemented", reason: "METHOD_UNKNOWN" });
});

describe("Host and Origin", () => {
  test.each(["localhost", "localhost:1234", "127.0.0.1", "127.8.9.1:80", "[::1]:50080", "LOCALHOST"])(
    "the host %s is served",
    async (host) => {
      expect((await call(service.httpAddress, list, acme, { host })).status).toBe(200);
    },
  );

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.1",
    "0.0.0.0",
    "2130706433",
    "[::]",
    "localhost@evil.example",
    "a b",
  ])("the host %j is refused, as DNS rebinding has it", async (host) => {
    expect(failureIn(await call(service.httpAddress, list, acme, { host }))).toMatchObject({
      status: 403,
      reason: "SCOPE_INSUFFICIENT",
      metadata: { scope: "host" },
    });
  });

  test("two hosts are refused, whichever comes first", async () => {
    for (const hosts of [
      ["localhost", "evil.example"],
      ["evil.example", "localhost"],
    ]) {
      const head = `POST /orgroles.v1.${list} HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join("")}`;
      const answer = await rawly(service.httpAddress, [
        `${head}Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
      ]);
      expect(answer).toMatch(/^HTTP\/1.1 40[03] /);
    }
  });

  test.each([
    "http://evil.example",
    "null",
    "https://localhost",
    "http://localhost:1",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "file://",
    "",
  ])("a page of %j may not call, and nothing is done", async (origin) => {
    const before = await service.roles.listEnvironmentRoles({ environmentId: "beta" });
    const role = { environmentId: "beta", slug: "evil", name: "Evil" };
    const answer = await call(service.httpAddress, "RoleService/CreateRole", role, { origin });
    expect(failureIn(answer)).toMatchObject({
      status: 403,
      reason: "SCOPE_INSUFFICIENT",
      metadata: { scope: "origin" },
    });
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    expect(await service.roles.listEnvironmentRoles({ environmentId: "beta" })).toEqual(before);
    const path = `/orgroles.v1.${list}`;
    const preflight = { origin, "access-control-request-method": "POST" };
    const asked = await ask(service.httpAddress, path, { method: "OPTIONS", headers: preflight });
    expect([asked.status, asked.headers["access-control-allow-methods"]]).toEqual([403, undefined]);
  });

  test("the server's own page may call", async () => {
    const origin = `http://${service.httpAddress}`;
    expect((await call(service.httpAddress, list, acme, { origin })).status).toBe(200);
  });

  test("a page of an allowed origin may ask and call, without cookies and certificates", async () => {
    const origin = "https://app.example.com";
    const path = `/orgroles.v1.${list}`;
    const asked = await ask(service.httpAddress, path, { method: "OPTIONS", headers: { origin } });
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({ "access-control-allow-origin": origin, vary: "origin" });
    expect(asked.headers["access-control-allow-headers"]).toContain("authorization");
    const answer = await call(service.httpAddress, list, acme, { origin });
    expect(answer.headers).toMatchObject({ "access-control-allow-origin": origin, vary: "origin" });
    expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    expect(slugsOf(answer)).toEqual(["member", "org-billing"]);
  });

  test("a foreign page is refused before its body is read", async () => {
    const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
    expect(await rawly(service.httpAddress, [head], 500)).toMatch(/^HTTP\/1.1 403 /);
  });
});

const padded = (bytes: number) => JSON.stringify(acme).padEnd(bytes, " ");

const headExpecting = (more: string) =>
  `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 26\r\n${more}\r\n`;

describe("size and time", () => {
  test("a body of 1 MiB is answered, one byte more is refused", async () => {
    expect((await call(service.httpAddress, list, padded(megabyte))).status).toBe(200);
    const answer = await call(service.httpAddress, list, padded(megabyte + 1));
    expect(failureIn(answer)).toMatchObject({ status: 400, reason: "INVALID_FIELDS", fields: ["request"] });
  });

  test("a length over 1 MiB is refused before the body is read", async () => {
    const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${8 * megabyte}\r\n\r\n`;
    expect(await rawly(service.httpAddress, [head], 500)).toMatch(/^HTTP\/1.1 400 /);
  });

  test("with Expect the peer is asked for its body only where it may call", async () => {
    expect(await rawly(service.httpAddress, [headExpecting("")], 300)).toMatch(/^HTTP\/1.1 100 Continue/);
    expect(await rawly(service.httpAddress, [headExpecting("Origin: null\r\n")], 300)).toMatch(/^HTTP\/1.1 403 /);
  });

  test.each([
    ["gzip", gzipSync],
    ["br", (text: string) => brotliCompressSync(text, quickly)],
  ] as const)("a body in %s is answered, and refused if it inflates to more than 1 MiB", async (encoding, compress) => {
    const headers = { "content-encoding": encoding };
    const callWith = (text: string) => call(service.httpAddress, list, compress(text), headers);
    expect(slugsOf(await callWith(padded(10_000)))).toEqual(["member", "org-billing"]);
    expect(failureIn(await callWith(padded(100 * megabyte)))).toMatchObject({ status: 400, fields: ["request"] });
    const broken = await call(service.httpAddress, list, "not compressed", headers);
    expect(failureIn(broken)).toMatchObject({ status: 400, reason: "INVALID_FIELDS", fields: ["request"] });
  });

  test.each(["zstd", "gzip, gzip", "x"])("the encoding %j is refused", async (encoding) => {
    const answer = await call(service.httpAddress, list, acme, { "content-encoding": encoding });
    expect(failureIn(answer)).toMatchObject({ status: 400, reason: "INVALID_FIELDS", fields: ["request"] });
  });

  test("a large response is compressed where the caller accepts that", async () => {
    for (let index = 0; index < 8; index += 1)
      await service.permissions.createPermission({ environmentId: "beta", slug: `p:${index}`, name: "N".repeat(48) });
    const request = { environmentId: "beta" };
    const plain = await call(service.httpAddress, "PermissionService/ListPermissions", request);
    const packed = await call(service.httpAddress, "PermissionService/ListPermissions", request, {
      "accept-encoding": "gzip, br",
    });
    expect([plain.headers["content-encoding"], packed.headers["content-encoding"]]).toEqual([undefined, "gzip"]);
    expect(packed.body.length).toBeLessThan(plain.body.length / 2);
  });

  test("a body that is not complete in time is refused", async () => {
    const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    expect(await rawly(service.httpAddress, [head], 2500)).toMatch(
      /^HTTP\/1.1 400 [^]*must be complete within 1000 ms/,
    );
  });

  test("a body in chunks of one byte closes the connection", async () => {
    const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(await rawly(service.httpAddress, [head, "1\r\n \r\n".repeat(20_000)], 5000)).toBe("");
  });

  test("headers over 8 KiB are 431", async () => {
    const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"x".repeat(9000)}\r\n\r\n`;
    expect(await rawly(service.httpAddress, [head])).toMatch(/^HTTP\/1.1 431 /);
  });

  test.each(["5", "abc", "-1", "99999999999"])("the timeout %j ends the call, or is refused", async (timeout) => {
    const answer = await call(service.httpAddress, list, acme, { "connect-timeout-ms": timeout });
    if (timeout === "5") expect([200, 504]).toContain(answer.status);
    else expect(failureIn(answer)).toMatchObject({ status: 400, fields: ["connect-timeout-ms"] });
  });

  test("a call whose time passes while its body arrives is told so", async () => {
    const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnect-Timeout-Ms: 100\r\nContent-Length: 100\r\n\r\n{`;
    expect(await rawly(service.httpAddress, [head], 700)).toMatch(/^HTTP\/1.1 504 [^]*deadline_exceeded/);
  });

  test("everything that peers took is given back", async () => {
    const count = await until("little is counted", async () => {
      const bytes = Number(/^orgroles_buffer_bytes (\d+)$/m.exec(await service.metrics())?.[1]);
      return bytes < 200_000 ? bytes : undefined;
    });
    expect(count).toBeLessThan(200_000);
  });
});

test("requests that smuggle are refused", async () => {
  const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  const both = `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  expect(await rawly(service.httpAddress, [both], 1000)).toMatch(/^HTTP\/1.1 400 /);
  const twice = `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`;
  expect(await rawly(service.httpAddress, [twice], 1000)).toMatch(/^HTTP\/1.1 400 /);
});

test.each([
  "/../etc/passwd",
  "/console/../../package.json",
  "//evil.example/",
  "/%2e%2e/package.json",
  "http://evil.example/healthz",
  "*",
])("the target %s leads nowhere", async (target) => {
  const answer = await rawly(service.httpAddress, [
    `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  ]);
  expect(answer).toMatch(/^HTTP\/1.1 40[04] /);
});

test("/healthz and /openapi.yaml are there", async () => {
  expect(await ask(service.httpAddress, "/healthz", { method: "GET" })).toMatchObject({ status: 200 });
  const openapi = await ask(service.httpAddress, "/openapi.yaml", { method: "GET" });
  expect(openapi.body.toString()).toContain("/orgroles.v1.RoleService/ListOrgRoles:");
  expect((await ask(service.httpAddress, "/healthz", { headers: json })).status).toBe(404);
});
