import { connect as connectHttp2 } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, deflateSync } from "node:zlib";
import { Client, Metadata, credentials, status } from "@grpc/grpc-js";
import { RequestInfo } from "../../gen/google/rpc/error_details";
import { Status } from "../../gen/google/rpc/status";
import { GetRoleResponse } from "../../gen/orgroles/v1/role_service";
import { tokenDigest } from "../../src/auth/authenticator";
import { bearer, connect, failureOf, readFailure } from "../support/client";
import { engines } from "../support/engines";
import { frame, grpcBody, preface } from "../support/frames";
import { many } from "../support/many";
import { reasonsOf, outcomeOf } from "../support/race";
import { message } from "../support/raw";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";
import { RawPeer, flags, grpcHeaders, types } from "../hostile-peers/raw-peer";

const getRole = "/orgroles.v1.RoleService/GetRole";
const request = Buffer.from(message([1, "alpha"], [3, "member"]));
const sqlite = present(engines[0]);

interface Answer {
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

/** Sends one request over a connection of its own; `finish` is false for one that is never ended. */
function send(
  address: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  { path = getRole, finish = true } = {},
): Promise<Answer> {
  const session = connectHttp2(`http://${address}`).on("error", () => undefined);
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const seen: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    stream.on("response", (received) => Object.assign(seen, received));
    stream.on("trailers", (received) => Object.assign(seen, received));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => undefined);
    stream.once("close", () => {
      session.destroy();
      resolve({ headers: seen, body: Buffer.concat(chunks) });
    });
    if (body.length) stream.write(body);
    if (finish) stream.end();
  });
}

const statusIn = ({ headers }: Answer) =>
  Status.decode(Buffer.from(String(headers["grpc-status-details-bin"]), "base64"));
const roleIn = ({ body }: Answer) => GetRoleResponse.decode(body.subarray(5)).role?.slug;
const requestInfoIn = ({ details }: Status) => {
  const found = details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.RequestInfo"));
  return found && RequestInfo.decode(found.value).requestId;
};
function failureIn(answer: Answer) {
  const { code, message: text, details } = statusIn(answer);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ code, message: text, details }).finish()));
  return readFailure({ name: "", message: text, code, details: text, metadata });
}
const refusedRequest = (description: string) => ({
  code: "INVALID_ARGUMENT",
  reason: "INVALID_FIELDS",
  violations: [{ field: "request", description }],
});

describe("a request", () => {
  let service: TestService;
  beforeAll(async () => (service = await startService(sqlite, { ORGROLES_REQUEST_TIMEOUT_MS: "400" })));
  afterAll(() => service?.drop());

  test.each([
    ["as it is", grpcBody(request), {}],
    ["compressed by gzip", grpcBody(gzipSync(request), 1), { "grpc-encoding": "gzip" }],
    ["compressed by deflate", grpcBody(deflateSync(request), 1), { "grpc-encoding": "deflate" }],
    ["not compressed, though its headers name a compression", grpcBody(request), { "grpc-encoding": "gzip" }],
  ])("%s is answered", async (_, body, headers) => {
    const answer = await send(service.address, body, headers);
    expect(answer.headers["grpc-status"]).toBe("0");
    expect(roleIn(answer)).toBe("member");
  });

  test.each([
    ["longer than the limit once it is inflated", gzipSync(Buffer.alloc(2 ** 20 + 1)), "must be at most 1048576 bytes"],
    ["inflating without end", gzipSync(Buffer.alloc(64 * 2 ** 20)), "must be at most 1048576 bytes"],
    ["of broken gzip", gzipSync(request).subarray(0, 12), "must be compressed with gzip, as its headers say"],
    ["of other bytes than gzip", request, "must be compressed with gzip, as its headers say"],
  ])("%s is refused", async (_, bytes, description) => {
    const answer = await send(service.address, grpcBody(bytes, 1), { "grpc-encoding": "gzip" });
    expect(failureIn(answer)).toMatchObject(refusedRequest(description));
  });

  test("in a compression that is not known is UNIMPLEMENTED", async () => {
    const { headers } = await send(service.address, grpcBody(request, 1), { "grpc-encoding": "br" });
    expect(headers["grpc-status"]).toBe(String(status.UNIMPLEMENTED));
  });

  test.each([
    ["too short for its length", grpcBody(request, 0, request.length + 1)],
    ["too long for its length", grpcBody(request, 0, request.length - 1)],
    ["of two messages", Buffer.concat([grpcBody(request), grpcBody(request)])],
    ["of a broken prefix", Buffer.from([0, 0, 0])],
  ])("%s is refused", async (_, body) => {
    expect(failureIn(await send(service.address, body))).toMatchObject(
      refusedRequest("must be one message, framed as gRPC does"),
    );
  });

  test.each([
    ["without a body", Buffer.alloc(0)],
    ["with a part of its body", grpcBody(request).subarray(0, 9)],
  ])("%s that does not end is refused after the timeout", async (_, body) => {
    const answer = await send(service.address, body, {}, { finish: false });
    expect(failureIn(answer)).toMatchObject(refusedRequest("must be complete within 400 ms"));
  });

  test("that is refused before it ends is not read on", async () => {
    const peer = await RawPeer.open(service.address);
    await peer.request(1, grpcHeaders(getRole));
    await peer.data(1, grpcBody(Buffer.alloc(3 * 2 ** 20)));
    await peer.request(3, grpcHeaders(getRole));
    await peer.data(3, grpcBody(request), { ends: true });
    expect(peer.ended).toBe(false);
    peer.destroy();
  });

  test("to an unknown method is refused without its body, and named in no text", async () => {
    const answer = await send(
      service.address,
      Buffer.alloc(9),
      {},
      { path: "/orgroles.v1.RoleService/Secret", finish: false },
    );
    expect(answer.headers["grpc-status"]).toBe(String(status.UNIMPLEMENTED));
    expect(answer.headers["grpc-message"]).not.toContain("Secret");
  });
});

test.each([
  ["a byte", 1, true],
  ["300 bytes", 300, false],
])("a request in frames of %s (%i) ends its connection: %s", async (_, piece, ends) => {
  const service = await startService(sqlite);
  const peer = await RawPeer.open(service.address);
  try {
    await peer.request(1, grpcHeaders(getRole));
    void peer.data(1, grpcBody(Buffer.alloc(900_000)), { piece, ends: true });
    const answered = peer.answered(1);
    await until("the server has had enough, or the whole", async () => peer.ended || (await answered) || undefined);
    expect(peer.ended).toBe(ends);
  } finally {
    peer.destroy();
    await service.drop();
  }
});

describe("the id of a call", () => {
  const token = "known";
  let service: TestService;
  beforeAll(async () => {
    const credential = {
      name: "backend",
      token_sha256: tokenDigest(token).toString("hex"),
      action: "admin",
      environments: "*",
    };
    service = await startService(
      sqlite,
      { ORGROLES_CREDENTIALS: JSON.stringify([credential]) },
      undefined,
      bearer(token),
    );
  });
  afterAll(() => service?.drop());
  const authorized = { authorization: `Bearer ${token}` };

  test("is the caller's own in the trailers of a response", async () => {
    const { headers } = await send(service.address, grpcBody(request), { ...authorized, "x-request-id": "mine-1" });
    expect([headers["grpc-status"], headers["x-request-id"]]).toEqual(["0", "mine-1"]);
  });

  test("is made where the caller gives none, or one that is no id", async () => {
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    for (const own of [{}, { "x-request-id": "a b" }, { "x-request-id": "x".repeat(65) }])
      expect(
        (await send(service.address, grpcBody(request), { ...authorized, ...own })).headers["x-request-id"],
      ).toMatch(uuid);
  });

  test.each([
    ["without credentials", {}, request, "CREDENTIALS_MISSING"],
    ["with a token that nobody knows", { authorization: "Bearer other" }, request, "CREDENTIALS_INVALID"],
    ["with an invalid field", authorized, Buffer.from(message([1, "alpha"], [3, "A"])), "INVALID_FIELDS"],
    ["about nothing", authorized, Buffer.from(message([1, "alpha"], [3, "none"])), "ROLE_NOT_FOUND"],
  ])("is in the trailers and the details of a refusal: %s", async (_, headers, body, reason) => {
    const answer = await send(service.address, grpcBody(body), { ...headers, "x-request-id": "mine-2" });
    expect(answer.headers["x-request-id"]).toBe("mine-2");
    expect(failureIn(answer).reason).toBe(reason);
    expect(requestInfoIn(statusIn(answer))).toBe("mine-2");
  });

  test("is in the trailers of what grpc-js answers by itself", async () => {
    for (const path of ["/grpc.health.v1.Health/Check", "/orgroles.v1.RoleService/Nothing"])
      expect(
        (await send(service.address, grpcBody(Buffer.alloc(0)), { "x-request-id": "mine-3" }, { path })).headers,
      ).toMatchObject({ "x-request-id": "mine-3" });
  });

  test("an unknown caller is refused at the headers, before any body", async () => {
    const answer = await send(service.address, Buffer.alloc(0), {}, { finish: false });
    expect(failureIn(answer).reason).toBe("CREDENTIALS_MISSING");
  });
});

const readerOf = (name: string, environments: unknown) => ({
  name,
  token_sha256: tokenDigest(name).toString("hex"),
  action: "read",
  environments,
});

test("the rate counts calls that are denied, before they are decoded", async () => {
  const service = await startService(
    sqlite,
    {
      ORGROLES_CREDENTIALS: JSON.stringify([readerOf("denied", ["other"]), readerOf("admin", "*")]),
      ORGROLES_RATE_LIMIT: "20",
    },
    undefined,
    bearer("admin"),
  );
  const denied = connect(service.address, bearer("denied"));
  const undecodable = new Client(service.address, credentials.createInsecure());
  try {
    const { failures } = await outcomeOf(
      many(200, () => denied.environments.getEnvironment({ environmentId: "alpha" })),
    );
    const { OVERLOADED: limited = 0, SCOPE_INSUFFICIENT: passed = 0 } = reasonsOf(failures);
    expect(limited + passed).toBe(200);
    expect(passed).toBeGreaterThanOrEqual(20);
    expect(passed).toBeLessThanOrEqual(120); // as many seconds as the calls took, twenty in each
  } finally {
    undecodable.close();
    denied.close();
    await service.drop();
  }
});

describe("connections", () => {
  test("beyond the limit close the oldest one without an identified caller", async () => {
    const service = await startService(sqlite, { ORGROLES_MAX_CONNECTIONS: "12" }); // five are the client's
    try {
      const peers: RawPeer[] = [];
      for (let count = 0; count < 12; count += 1) peers.push(await RawPeer.open(service.address));
      await until("the oldest are closed", async () =>
        peers.filter(({ ended }) => ended).length >= 1 ? true : undefined,
      );
      expect(peers[11]?.ended).toBe(false);
      expect((await service.roles.getRole({ environmentId: "alpha", slug: "member" })).role?.slug).toBe("member");
      for (const peer of peers) peer.destroy();
    } finally {
      await service.drop();
    }
  });

  test("that make the process keep too much are closed, the largest first, and the others go on", async () => {
    const service = await startService(sqlite, { ORGROLES_MAX_BUFFER_MIB: "4" });
    try {
      const hog = await RawPeer.open(service.address);
      const modest = await RawPeer.open(service.address);
      await modest.request(1, grpcHeaders(getRole));
      for (const stream of [1, 3, 5, 7, 9]) {
        await hog.request(stream, grpcHeaders(getRole));
        await Promise.race([
          hog.data(stream, grpcBody(Buffer.alloc(2 ** 20 - 1), 0, 2 ** 20)),
          sleep(3000, undefined, { ref: false }),
        ]);
      }
      await until("the hog is closed", async () => hog.ended || undefined);
      expect(modest.ended).toBe(false);
      expect((await service.roles.getRole({ environmentId: "alpha", slug: "member" })).role?.slug).toBe("member");
      modest.destroy();
    } finally {
      await service.drop();
    }
  });

  test("with requests that are not complete do not hold up the end, and their callers hear of it", async () => {
    const service = await startService(sqlite);
    const answer = send(service.address, grpcBody(request).subarray(0, 9), {}, { finish: false });
    await sleep(200);
    const begin = Date.now();
    await service.drop();
    expect(Date.now() - begin).toBeLessThan(9000);
    expect((await answer).headers).toMatchObject({
      "grpc-status": String(status.UNAVAILABLE),
      "grpc-message": encodeURI("The server is stopping"),
    });
  });

  test("on which HTTP/2 has begun and nothing else happens do not hold up the end", async () => {
    const service = await startService(sqlite);
    const peer = await RawPeer.open(service.address);
    await peer.send(Buffer.concat([preface, frame(types.ping, flags.ack, 0, Buffer.alloc(8))]));
    const begin = Date.now();
    await service.drop();
    expect(Date.now() - begin).toBeLessThan(9000);
    peer.destroy();
  });
});

test("a compressed message on a stream of reflection is UNIMPLEMENTED, one that is not is answered", async () => {
  const service = await startService(sqlite);
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const question = Buffer.from(message([7, "*"]));
  const gzip = { "grpc-encoding": "gzip" };
  try {
    const compressed = await send(service.address, grpcBody(gzipSync(question), 1), gzip, { path });
    expect(compressed.headers["grpc-status"]).toBe(String(status.UNIMPLEMENTED));
    expect((await send(service.address, grpcBody(question), gzip, { path })).headers["grpc-status"]).toBe("0");
  } finally {
    await service.drop();
  }
});

test("a stream of reflection has so many requests", async () => {
  const service = await startService(sqlite, { ORGROLES_MAX_REFLECTION_REQUESTS: "3" });
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const question = grpcBody(message([7, "*"]));
  try {
    const three = await send(service.address, Buffer.concat([question, question, question]), {}, { path });
    expect(three.headers["grpc-status"]).toBe("0");
    const four = await send(
      service.address,
      Buffer.concat([question, question, question, question]),
      {},
      { path, finish: false },
    );
    expect(four.headers).toMatchObject({
      "grpc-status": "8",
      "grpc-message": encodeURI("At most 3 requests on a stream"),
    });
  } finally {
    await service.drop();
  }
});

test("a connection has so many open streams that need no credentials", async () => {
  const service = await startService(sqlite);
  const session = connectHttp2(`http://${service.address}`);
  const watch = () => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Watch",
      "content-type": "application/grpc",
    });
    stream.end(grpcBody(Buffer.alloc(0)));
    return new Promise<string | undefined>((resolve) => {
      stream.once("response", (headers) => resolve(headers["grpc-status"] as string | undefined));
    });
  };
  try {
    expect(await Promise.all(many(18, watch))).toEqual([...many(16, () => undefined), "8", "8"]);
    expect((await failureOf(service.roles.getRole({ environmentId: "alpha", slug: "none" }))).reason).toBe(
      "ROLE_NOT_FOUND",
    );
  } finally {
    session.destroy();
    await service.drop();
  }
});
