import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as requestHttps } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer, text } from "node:stream/consumers";
import { createConnectTransport } from "@connectrpc/connect-node";
import { tokenDigest } from "../../src/auth/authenticator";
import { newAuthority } from "../support/authority";
import { bearer } from "../support/client";
import { servers, sqliteEngine } from "../support/engines";
import { startProcess } from "../support/process";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";
import { freePort } from "../support/temporary-port";
import { until } from "../support/until";
import { ConnectCaller, registry } from "./connect-caller";
import { call, failureIn, rawly } from "./peer";

const token = "orgroles_test-token";
const other = "orgroles_other-token";
const digest = (one: string) => tokenDigest(one).toString("hex");
const credentials = JSON.stringify([
  { name: "backend", token_sha256: digest(token), action: "admin", environments: "*" },
  { name: "acme", token_sha256: digest(other), action: "read", environments: ["alpha"], organizations: ["acme"] },
  { name: "browser", certificate: "browser", action: "admin", environments: "*" },
]);
const list = "RoleService/ListOrgRoles";
const acme = { environmentId: "alpha", organizationId: "acme" };

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const by = (user: string | string[]) => ({ authorization: `Bearer ${token}`, "orgroles-acting-user": user });

const occupied = async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, end: () => server.close() };
};

describe("with credentials", () => {
  let service: TestService;
  beforeAll(async () => {
    const settings = {
      ORGROLES_CREDENTIALS: credentials.replace(/,\{"name":"browser"[^}]*\}/, ""),
      ORGROLES_HTTP_ADDRESS: "127.0.0.1:0",
    };
    service = await startService(sqliteEngine, settings, undefined, bearer(token));
  });
  afterAll(() => service?.drop());

  test.each([
    ["none", {}, acme, 401, "CREDENTIALS_MISSING"],
    ["unknown ones", { authorization: "Bearer nobody" }, acme, 401, "CREDENTIALS_INVALID"],
    [
      "those of another organization",
      { authorization: `Bearer ${other}` },
      { ...acme, organizationId: "globex" },
      403,
      "SCOPE_INSUFFICIENT",
    ],
    [
      "those of another environment",
      { authorization: `Bearer ${other}` },
      { ...acme, environmentId: "beta" },
      403,
      "SCOPE_INSUFFICIENT",
    ],
  ])("a call with %s is refused", async (_, headers, request, status, reason) => {
    const answer = await call(service.httpAddress, list, request, headers);
    expect(failureIn(answer)).toMatchObject({ status, reason });
  });

  test("a call with its own is answered, whatever the host is called", async () => {
    const headers = { authorization: `Bearer ${other}`, host: "roles.example.com" };
    expect((await call(service.httpAddress, list, acme, headers)).status).toBe(200);
  });

  test("without credentials a body is refused before it has arrived", async () => {
    const head = `POST /orgroles.v1.${list} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
    expect(await rawly(service.httpAddress, [head], 500)).toMatch(/^HTTP\/1.1 401 /);
  });

  test("an acting user is believed once, and refused twice", async () => {
    const role = { ...acme, slug: "org-one", name: "One" };
    expect(
      failureIn(await call(service.httpAddress, "RoleService/CreateRole", role, by(["ann", "bob"]))),
    ).toMatchObject({
      reason: "INVALID_FIELDS",
      fields: ["orgroles-acting-user"],
    });
    expect((await call(service.httpAddress, "RoleService/CreateRole", role, by("ann"))).status).toBe(200);
    const { events } = await service.events.listEvents({ ...acme });
    expect(events.map(({ actor, actingUserId }) => [actor, actingUserId])).toContainEqual(["backend", "ann"]);
  });
});

describe("with TLS", () => {
  let service: TestService;
  let authority: Awaited<ReturnType<typeof newAuthority>>;
  let pair: { certificate: string; key: string };
  let session: ClientHttp2Session;
  beforeAll(async () => {
    authority = await newAuthority();
    const server = await authority.issue({ commonName: "localhost" });
    pair = await authority.issue({ commonName: "browser" });
    const files = { "server.crt": server.certificate, "server.key": server.key, "ca.crt": authority.certificate };
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
    const { credentials: channels } = await import("@grpc/grpc-js");
    const channel = channels.createSsl(
      Buffer.from(authority.certificate),
      Buffer.from(pair.key),
      Buffer.from(pair.certificate),
    );
    service = await startService(
      sqliteEngine,
      {
        ORGROLES_ADDRESS: "localhost:0",
        ORGROLES_HTTP_ADDRESS: "localhost:0",
        ORGROLES_CREDENTIALS: credentials,
        ORGROLES_TLS_CERT_FILE: path.join(folder, "server.crt"),
        ORGROLES_TLS_KEY_FILE: path.join(folder, "server.key"),
        ORGROLES_TLS_CLIENT_CA_FILE: path.join(folder, "ca.crt"),
      },
      undefined,
      { channel },
    );
    session = connectHttp2(`https://${service.httpAddress}`, {
      rejectUnauthorized: false,
      cert: pair.certificate,
      key: pair.key,
    });
  });
  afterAll(async () => {
    session?.close();
    await service?.drop();
  });

  async function post(headers: Record<string, string>, body = JSON.stringify(acme)) {
    const stream = session.request({
      ":method": "POST",
      ":path": `/orgroles.v1.${list}`,
      "content-type": "application/json",
      ...headers,
    });
    stream.end(body);
    const [answered] = (await once(stream, "response")) as [Record<string, string>];
    return { status: Number(answered[":status"]), headers: answered, body: await buffer(stream) };
  }

  test("a call over HTTP/2 is identified by its client certificate", async () => {
    expect(await post({})).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
  });

  test("a foreign page gets nothing by the certificate of its visitor", async () => {
    for (const origin of ["https://evil.example", "null", `http://${service.httpAddress}`])
      expect(failureIn((await post({ origin })) as never)).toMatchObject({
        status: 403,
        metadata: { scope: "origin" },
      });
    expect((await post({ origin: `https://${service.httpAddress}` })).status).toBe(200);
  });

  test("two names of a host are refused", async () => {
    expect(failureIn((await post({ ":authority": service.httpAddress, host: "evil.example" })) as never)).toMatchObject(
      { metadata: { scope: "host" } },
    );
  });

  test("a body over 1 MiB is refused, and the connection goes on", async () => {
    const answer = await post({}, " ".repeat(3 * 1024 * 1024));
    expect(failureIn(answer as never)).toMatchObject({ reason: "INVALID_FIELDS", fields: ["request"] });
    expect((await post({})).status).toBe(200);
  });

  test("a call over HTTP/1.1 needs credentials just as well", async () => {
    const [host, port] = service.httpAddress.split(":");
    const asked = requestHttps({
      host,
      port,
      method: "POST",
      path: `/orgroles.v1.${list}`,
      rejectUnauthorized: false,
      headers: { "content-type": "application/json" },
    });
    asked.end("{}");
    const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
    expect([response.httpVersion, response.statusCode]).toEqual(["1.1", 401]);
    expect(await text(response)).toContain("CREDENTIALS_MISSING");
  });
});

describe("watches", () => {
  test("a connection ends when the server stops, with the reason at the end of the stream", async () => {
    const service = await startService(sqliteEngine);
    const body = Buffer.from(JSON.stringify({ environmentId: "alpha", fromNow: true }));
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]);
    const head = `POST /orgroles.v1.EventService/WatchEvents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/connect+json\r\nContent-Length: ${frame.length}\r\n\r\n`;
    const received = rawly(service.httpAddress, [head, frame], 15_000);
    await until("it watches", async () => (/^orgroles_watches 1$/m.test(await service.metrics()) ? true : undefined));
    await service.drop();
    expect(await received).toMatch(/"code":"unavailable","message":"The server is stopping"/);
  });

  test("a watch ends when its caller goes away", async () => {
    const service = await startService(sqliteEngine);
    const transport = createConnectTransport({
      baseUrl: `http://${service.httpAddress}`,
      httpVersion: "1.1",
      useBinaryFormat: false,
      jsonOptions: { registry },
    });
    const request = { environment_id: "beta", from_now: true };
    expect(await new ConnectCaller(transport).call("EventService/WatchEvents", request, undefined)).toHaveProperty(
      "answer",
    );
    await until("nobody watches", async () =>
      /^orgroles_watches 0$/m.test(await service.metrics()) ? true : undefined,
    );
    await service.drop();
  });
});

describe("addresses", () => {
  test("an address that was set and is taken ends the start", async () => {
    const { address, end } = await occupied();
    const settings = { ORGROLES_DATABASE_URL: `sqlite:${folder}/taken.db`, ORGROLES_HTTP_ADDRESS: address };
    await expect(startProcess(settings)).rejects.toThrow(/ORGROLES_HTTP_ADDRESS: another process listens on /);
    end();
  });

  test("the default address that is taken warns once, and calls are served over gRPC", async () => {
    const occupant = createServer();
    occupant.on("error", () => undefined).listen(50080, "127.0.0.1"); // or somebody else has it
    await Promise.race([once(occupant, "listening"), once(occupant, "error")]);
    const service = await startProcess({
      ORGROLES_ADDRESS: `127.0.0.1:${await freePort()}`,
      ORGROLES_DATABASE_URL: `sqlite:${folder}/default.db`,
      ORGROLES_ENVIRONMENTS: "alpha",
    });
    expect((await service.roles.listEnvironmentRoles({ environmentId: "alpha" })).roles).toHaveLength(1);
    expect(service.httpAddress).toBe("");
    expect(await service.end()).toBe(0);
    expect(service.output().match(/nothing is served over HTTP: ORGROLES_HTTP_ADDRESS: /g)).toHaveLength(1);
    occupant.close();
  });

  test("an empty address serves nothing over HTTP", async () => {
    const service = await startService(sqliteEngine, { ORGROLES_HTTP_ADDRESS: "" });
    expect(service.httpAddress).toBe("");
    await service.drop();
  });

  test("workers share the address", async () => {
    const database = await present(servers[0]).create();
    const service = await startProcess({
      ORGROLES_DATABASE_URL: database.url,
      ORGROLES_ENVIRONMENTS: "alpha,beta",
      ORGROLES_WORKERS: "2",
    });
    await until("both serve", async () => {
      const answers = await Promise.all([1, 2, 3, 4].map(() => call(service.httpAddress, list, acme)));
      return answers.every(({ status }) => status === 200) ? true : undefined;
    });
    expect(await service.end()).toBe(0);
    const pids = new Set([...service.output().matchAll(/"pid":(\d+)[^\n]*"msg":"call"/g)].map(([, pid]) => pid));
    expect(pids.size).toBe(2);
    await database.drop();
  });
});
