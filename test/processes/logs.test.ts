import { tokenDigest } from "../../src/auth/authenticator";
import { linesOf } from "../support/log-lines";
import { type Identity, type TestClient, bearer, connect, failureOf } from "../support/client";
import { type TestDatabase, engines, servers } from "../support/engines";
import { type Issuer, audience, startIssuer } from "../support/issuer";
import { type ServiceProcess, startProcess } from "../support/process";
import { present } from "../support/stage";
import { until } from "../support/until";

const token = "orgroles_right-token";
const wrongToken = "orgroles_wrong-token";
const password = "s3cret-passw0rd";
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Line {
  readonly msg: string;
  readonly method: string;
  readonly requestId: string;
}

/** The line of the call that was made last. */
const lineOfCall = (service: ServiceProcess, count: number) =>
  until("the call is in the log", async () => linesOf<Line>(service).filter(({ msg }) => msg === "call")[count - 1]);

describe("one line tells of each call", () => {
  let database: TestDatabase;
  let issuer: Issuer;
  let service: ServiceProcess;
  const opened: TestClient[] = [];
  let calls = 0;

  beforeAll(async () => {
    database = await present(engines[0]).create();
    issuer = await startIssuer();
    const digest = tokenDigest(token).toString("hex");
    const settings = {
      ORGROLES_DATABASE_URL: database.url,
      ORGROLES_ENVIRONMENTS: "alpha",
      ORGROLES_CREDENTIALS: JSON.stringify([
        { name: "backend", token_sha256: digest, action: "read", environments: ["alpha"] },
      ]),
      ORGROLES_JWT_ISSUER: issuer.url,
      ORGROLES_JWT_AUDIENCE: audience,
    };
    service = await startProcess(settings, bearer(token));
  });
  afterAll(async () => {
    for (const client of opened) client.close();
    await service?.end();
    await issuer?.stop();
    await database?.drop();
  });

  /** Makes a call; its line in the log, and the reason of its failure. */
  async function made(identity: Identity, environmentId = "alpha") {
    const client = connect(service.address, identity);
    opened.push(client);
    calls += 1;
    const answer = client.environments.getEnvironment({ environmentId });
    const [result] = await Promise.allSettled([answer]);
    const reason = result.status === "rejected" ? (await failureOf(answer)).reason : undefined;
    return { line: await lineOfCall(service, calls), reason };
  }
  const line = (fields: object) => ({
    level: 30,
    time: expect.any(Number),
    pid: service.pid,
    hostname: expect.any(String),
    msg: "call",
    method: "/orgroles.v1.EnvironmentService/GetEnvironment",
    duration: expect.any(Number),
    requestId: expect.stringMatching(uuid),
    ...fields,
  });

  test("that succeeded", async () => {
    expect((await made(bearer(token))).line).toEqual(line({ code: "OK", caller: "backend" }));
  });

  test("that failed", async () => {
    const { line: written } = await made(bearer(token), "alpha beta");
    expect(written).toEqual(line({ code: "PERMISSION_DENIED", reason: "SCOPE_INSUFFICIENT", caller: "backend" }));
  });

  test.each([
    ["with an unknown token", bearer(wrongToken), "CREDENTIALS_INVALID"],
    ["with a token in another scheme", { headers: { authorization: `Basic ${wrongToken}` } }, "CREDENTIALS_INVALID"],
    ["without a token", {}, "CREDENTIALS_MISSING"],
  ])("%s", async (_, identity, reason) => {
    expect(await made(identity)).toEqual({ line: line({ code: "UNAUTHENTICATED", reason }), reason });
  });

  test("with a token of the issuer, good or not", async () => {
    const [good, bad] = await Promise.all([issuer.sign({}), issuer.sign({ aud: "another" })]);
    expect((await made(bearer(good))).line).toEqual(line({ code: "OK", caller: "jwt:ann" }));
    expect((await made(bearer(bad))).line).toEqual(line({ code: "UNAUTHENTICATED", reason: "CREDENTIALS_INVALID" }));
    for (const secret of [good, bad].flatMap((one) => one.split(".").slice(1)))
      expect(service.output()).not.toContain(secret);
  });

  test.each([
    ["its own request id", "abc-123", "abc-123"],
    ["a request id of 64 characters", "x".repeat(64), "x".repeat(64)],
  ])("with %s", async (_, given, expected) => {
    const { line: written } = await made({ headers: { ...bearer(token).headers, "x-request-id": given } });
    expect(written.requestId).toBe(expected);
  });

  test.each([
    ["65 characters", "x".repeat(65)],
    ["a space", "two words"],
    ["what would forge a line", '"}{"msg":"forged"} x'],
  ])("with an id of its own when the caller's has %s", async (_, given) => {
    const { line: written } = await made({ headers: { ...bearer(token).headers, "x-request-id": given } });
    expect(written.requestId).toMatch(uuid);
  });

  test("and nothing tells a token, or warns of how the service is made", () => {
    expect(linesOf<Line>(service).filter(({ msg }) => msg === "call")).toHaveLength(calls);
    expect(calls).toBeGreaterThan(8);
    const output = service.output();
    for (const secret of [token, wrongToken, tokenDigest(token).toString("hex")]) expect(output).not.toContain(secret);
    expect(output).not.toMatch(/warning|experimental|deprecat/i);
  });
});

describe("a password is in no line", () => {
  test.each(servers)("when $name refuses it", async (server) => {
    const database = await server.create();
    const refused = database.url.replace(/\/\/[^@/]*@/, `//nobody:${password}@`);
    expect(refused).toContain(password);
    const settings = { ORGROLES_DATABASE_URL: refused, ORGROLES_LOG_LEVEL: "trace" };
    const service = await startProcess(settings);
    try {
      await until("the log tells of it", async () => (/denied/i.test(service.output()) ? true : undefined));
      expect(await failureOf(service.environments.getEnvironment({ environmentId: "alpha" }))).toMatchObject({
        reason: "DATABASE_UNAVAILABLE",
      });
      await service.end();
      expect(service.output()).not.toContain(password);
    } finally {
      await service.end();
      await database.drop();
    }
  });

  test("when no server is there", async () => {
    const settings = {
      ORGROLES_DATABASE_URL: `mysql://app:${password}@127.0.0.1:1/roles`,
      ORGROLES_LOG_LEVEL: "trace",
    };
    const service = await startProcess(settings);
    await until("the log tells of it", async () => (/ECONNREFUSED/.test(service.output()) ? true : undefined));
    await service.end();
    expect(service.output()).not.toContain(password);
  });
});
