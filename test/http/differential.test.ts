import { Client, Metadata, type ServiceError, credentials } from "@grpc/grpc-js";
import {
  type DescMethodUnary,
  type JsonObject,
  type JsonValue,
  type Registry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as fc from "fast-check";
import { Status } from "../../gen/google/rpc/status";
import { sqliteEngine } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { registry } from "./connect-caller";
import { ownEnvironment, requestsOf } from "./random-requests";

const calls = Math.min(2000, Number(process.env["ORGROLES_TEST_FUZZ"] ?? 200)); // a call is one over each protocol
const seed = Number(process.env["ORGROLES_TEST_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Calls that are about all environments, or end the own one. */
const leftOut = new Set(["ListEnvironments", "DeleteEnvironment"]);
const methods = [...registry].flatMap((type) =>
  type.kind === "service" && type.typeName.startsWith("orgroles.v1.")
    ? type.methods.filter(({ name, methodKind }) => methodKind === "unary" && !leftOut.has(name))
    : [],
) as DescMethodUnary[];

interface Detail {
  readonly type: string;
  readonly value: Uint8Array;
}

/** What a call said: a response, or an error with all its details but the id of the request. */
type Said =
  | { readonly response: JsonValue }
  | { readonly code: number; readonly message: string; readonly details: JsonValue };
type Send = (method: DescMethodUnary, request: JsonObject) => Promise<Said>;

const failure = (code: number, message: string, details: readonly Detail[]): Said => ({
  code,
  message,
  details: details
    .map(({ type, value }) => [type, readDetail(registry, type, value)] as JsonValue[])
    .filter(([type]) => type !== "google.rpc.RequestInfo"),
});

function readDetail(types: Registry, type: string, value: Uint8Array): JsonValue {
  const message = types.getMessage(type);
  if (!message) throw new Error(`there is no ${type}`);
  return toJson(message, fromBinary(message, value), { registry: types });
}

const bytes = (encoded: Buffer) => encoded;

const overGrpc =
  (client: Client): Send =>
  ({ parent, name, input, output }, request) =>
    new Promise((resolve) => {
      const encoded = Buffer.from(toBinary(input, fromJson(input, request, { registry })));
      client.makeUnaryRequest(`/${parent.typeName}/${name}`, bytes, bytes, encoded, new Metadata(), (error, response) =>
        resolve(
          error
            ? readGrpc(error)
            : { response: toJson(output, fromBinary(output, response ?? Buffer.alloc(0)), { registry }) },
        ),
      );
    });

function readGrpc({ code, details, metadata }: ServiceError): Said {
  const [status] = metadata.get("grpc-status-details-bin");
  const all = Buffer.isBuffer(status) ? Status.decode(status).details : [];
  return failure(
    code,
    details,
    all.map(({ typeUrl, value }) => ({ type: typeUrl.replace(/^.*\//, ""), value })),
  );
}

const overHttp =
  (transport: Transport): Send =>
  async (method, request) => {
    try {
      const message = fromJson(method.input, request, { registry });
      const { message: response } = await transport.unary(method, undefined, undefined, undefined, message);
      return { response: toJson(method.output, response, { registry }) };
    } catch (error) {
      const { code, rawMessage, details } = ConnectError.from(error);
      return failure(code, rawMessage, details as readonly Detail[]);
    }
  };

/** Returns what a call said without what is made for each call and each environment. */
const normal = (said: Said, environment: string): JsonValue =>
  JSON.parse(
    JSON.stringify(said)
      .replaceAll(environment, ownEnvironment)
      .replaceAll(/\b(role|perm|evt)_[0-9A-Z]{26}\b/g, "$1")
      .replaceAll(/"(etag|\w*[tT]oken|callId)":"[^"]+"/g, '"$1":"one"')
      .replaceAll(/"(\w*[tT]ime)":"[^"]+"/g, '"$1":"then"'),
  ) as JsonValue;

const within = (request: JsonObject, environment: string) =>
  JSON.parse(JSON.stringify(request).replaceAll(ownEnvironment, environment)) as JsonObject;

let service: TestService;
let client: Client;
beforeAll(async () => {
  service = await startService(sqliteEngine);
  client = new Client(service.address, credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  await service?.drop();
});

test("the same random calls say the same over every protocol", async () => {
  const options = { baseUrl: `http://${service.httpAddress}`, httpVersion: "1.1" as const };
  const json = { useBinaryFormat: false, jsonOptions: { registry } };
  const protocols: readonly (readonly [environment: string, send: Send])[] = [
    ["env-grpc", overGrpc(client)],
    ["env-json", overHttp(createConnectTransport({ ...options, ...json }))],
    ["env-proto", overHttp(createConnectTransport({ ...options, useBinaryFormat: true }))],
    ["env-web", overHttp(createGrpcWebTransport(options))],
  ];
  for (const [environmentId] of protocols) {
    await service.environments.createEnvironment({ environmentId, displayName: "Same" });
    for (const slug of ["docs:read", "docs:write"])
      await service.permissions.createPermission({ environmentId, slug, name: "P" });
    await service.roles.createRole({ environmentId, slug: "admin", name: "Admin", permissions: ["docs:read"] });
    await service.memberships.setMemberRoles({ environmentId, organizationId: "acme", userId: "ann", roleSlugs: [] });
  }
  const requests = fc.oneof(
    ...methods.map((method) => requestsOf(method.input).map((request) => [method, request] as const)),
  );
  const reasons = new Set<string>();
  let answered = 0;
  for (const [method, request] of fc.sample(requests, { numRuns: calls, seed })) {
    const [first, ...others] = await Promise.all(
      protocols.map(async ([environment, send]) =>
        normal(await send(method, within(request, environment)), environment),
      ),
    );
    const about = `ORGROLES_TEST_FUZZ_SEED=${seed}: ${method.name} ${JSON.stringify(request)}`;
    for (const other of others) expect([about, other]).toEqual([about, first]);
    const text = JSON.stringify(first);
    for (const [, reason] of text.matchAll(/"reason":"(\w+)"/g)) reasons.add(reason ?? "");
    if (text.startsWith('{"response"')) answered += 1;
  }
  // otherwise they are not worth comparing
  expect(answered).toBeGreaterThan(calls / 20);
  expect(reasons.size).toBeGreaterThan(2);
}, 120_000);
