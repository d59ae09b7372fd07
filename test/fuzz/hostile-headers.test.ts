import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { grpcBody, wireClient } from "../support/frames";
import { allRpcs } from "../support/raw";
import { cases, run, withoutGrowth } from "./cases";
import { inside, marker, sharedService, tokens, valid } from "./shared-service";

const service = sharedService();

const bodies = fc.oneof(
  { weight: 4, arbitrary: fc.constant(grpcBody(valid)) },
  fc.constantFrom(
    grpcBody(valid),
    grpcBody(valid, 0, 0),
    grpcBody(valid, 0, valid.length + 1),
    grpcBody(valid, 0, 0xffffffff),
    grpcBody(valid, 2),
    grpcBody(valid, 255),
    Buffer.concat([grpcBody(valid), grpcBody(valid)]),
    Buffer.concat([grpcBody(valid), Buffer.from([1])]),
    grpcBody(valid, 1),
    grpcBody(gzipSync(valid), 1),
    grpcBody(gzipSync(valid).subarray(0, 12), 1),
    grpcBody(gzipSync(Buffer.alloc(64 * 2 ** 20)), 1),
    Buffer.alloc(0),
  ),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const oneOf = (...values: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) });
const heads = fc.record({
  ":method": fc.oneof(
    { weight: 8, arbitrary: fc.constant("POST") },
    fc.constantFrom("GET", "PUT", "OPTIONS", "CONNECTED"),
  ),
  ":path": fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...allRpcs).map((rpc) => `/orgroles.v1.${rpc}`) },
    { weight: 8, arbitrary: fc.constant("/orgroles.v1.RoleService/GetRole") },
    fc.constantFrom(
      "/",
      "",
      "*",
      "/orgroles.v1.RoleService",
      "/orgroles.v1.RoleService/__proto__",
      "//",
      `/${"a".repeat(5000)}`,
      "/grpc.health.v1.Health/Check",
    ),
  ),
  "content-type": fc.oneof(
    { weight: 8, arbitrary: fc.constant("application/grpc") },
    oneOf(
      "application/grpc+json",
      "application/json",
      "text/html",
      "application/grpc-web",
      "application/grpc;charset=x",
    ),
  ),
  te: oneOf("trailers", "gzip"),
  authorization: fc.oneof(
    { weight: 12, arbitrary: fc.constant(`Bearer ${tokens.attacker}`) },
    fc.constant(undefined),
    fc.constantFrom("Bearer ", "Basic eDp5", `Bearer ${"x".repeat(9000)}`, "bearer a.b.c", "Bearer ' OR 1=1"),
  ),
  "grpc-timeout": oneOf("1m", "1n", "99999999H", "-1S", "soon", "5", "000000001S", "123456789S"),
  "grpc-encoding": oneOf("gzip", "deflate", "identity", "br", "gzip, gzip"),
  "grpc-accept-encoding": oneOf("gzip", "zip,,,", "*"),
  "x-request-id": oneOf("a", "b".repeat(65), "c d", "c".repeat(12_000)),
  "x-bin": oneOf("!!!!", "AAAA", "=", "A".repeat(20_000)),
  traceparent: oneOf("00-0-0-0", "ff".repeat(40)),
  "grpc-status-details-bin": oneOf("AAAA"),
  "x-many": fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    fc.constant(Array.from({ length: 300 }, () => "value")),
  ),
});
/** Contains UNKNOWN, INTERNAL, UNAVAILABLE and DATA_LOSS by their numbers, as they are on the wire. */
const unspeakable = new Set(["2", "13", "14", "15"]);
/** Matches what grpc-js says of a call before anything else gets to see it. */
const ofTransport = /^(?:Invalid grpc-timeout value "\w+"|Failed to decompress message)$/;
/** Matches what the library's own health service says besides. */
const ofHealth = /^Error deserializing request$/;

test("headers and bodies that are no gRPC are answered or refused", async () => {
  const statuses = new Map<string, number>();
  const attempt = async (
    clients: readonly ReturnType<typeof wireClient>[],
    head: object,
    body: Buffer,
    index: number,
  ) => {
    const present = Object.entries(head).filter(([, value]) => value !== undefined) as [string, string | string[]][];
    const answer = await clients[index % clients.length]?.send(Object.fromEntries(present), body);
    const status = answer?.grpcStatus ?? `HTTP ${answer?.status}`;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect(answer?.text).not.toMatch(inside);
    expect(answer?.text).not.toContain(marker);
    const isHealth = present.some(([name, value]) => name === ":path" && String(value).startsWith("/grpc.health"));
    const allowed = isHealth ? new RegExp(`${ofTransport.source}|${ofHealth.source}`) : ofTransport;
    if (unspeakable.has(status)) expect(answer?.text).toMatch(allowed);
  };
  await withoutGrowth(
    service,
    async (share, half) => {
      const clients = Array.from({ length: 4 }, () => wireClient(service.address));
      let index = 0;
      await run(share, half, fc.tuple(heads, bodies), ([head, body]) => attempt(clients, head, body, (index += 1)));
      for (const client of clients) client.close();
    },
    Math.ceil(cases * 0.2),
  );
  for (const status of ["0", "3", "16"]) expect(statuses.get(status)).toBeGreaterThan(0);
}, 300_000);
