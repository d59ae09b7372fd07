import type { ServiceError } from "@grpc/grpc-js";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type TestClient, readFailure } from "../support/client";
import { sqliteEngine } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";
import { ConnectCaller, registry } from "./connect-caller";

const rpcs = [...registry].flatMap((type) =>
  type.kind === "service" && type.typeName.startsWith("orgroles.v1.")
    ? type.methods.map((method) => `${type.name}/${method.name}`)
    : [],
);

const clients: Readonly<Record<string, keyof TestClient>> = {
  RoleService: "roles",
  EnvironmentService: "environments",
  PermissionService: "permissions",
  MembershipService: "memberships",
  AccessService: "access",
  EventService: "events",
};

type Send = (request: object) => Promise<unknown>;

/** Returns what an error says, without what is made for each call. */
async function overGrpc(service: TestClient, rpc: string, request: object) {
  const [name = "", method = ""] = rpc.split("/");
  const client = service[present(clients[name])] as unknown as Record<string, Send>;
  try {
    await client[method.charAt(0).toLowerCase() + method.slice(1)]?.(request);
    return "answered";
  } catch (error) {
    const failure = readFailure(error as ServiceError);
    const {
      code,
      message,
      domain = "",
      reason = "",
      metadata = {},
      violations,
      preconditions,
      quota,
      retryDelay,
    } = failure;
    return {
      error: {
        code,
        message,
        domain,
        reason,
        metadata,
        fields: violations.map(({ field }) => field),
        preconditions: preconditions.map(({ subject }) => subject),
        quotas: quota.map(({ subject }) => subject),
        retry: retryDelay !== undefined,
      },
    };
  }
}

let service: TestService;
let http: ConnectCaller;
beforeAll(async () => {
  service = await startService(sqliteEngine, { ORGROLES_LOG_LEVEL: "info" });
  const baseUrl = `http://${service.httpAddress}`;
  http = new ConnectCaller(
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false, jsonOptions: { registry } }),
  );
});
afterAll(() => service?.drop());

const linesOf = (method: string) => service.lines.filter((line) => line["msg"] === "call" && line["method"] === method);

/** Returns how often calls of a method have ended with each code, from the metrics. */
async function countsOf(method: string): Promise<Record<string, number>> {
  const found = (await service.metrics()).matchAll(/^orgroles_calls_total\{(.*)\} (\d+)$/gm);
  return Object.fromEntries(
    [...found]
      .filter(([, labels]) => labels?.includes(`"${method}"`))
      .map(([, labels, count]) => [labels, Number(count)]),
  );
}

/** Makes a call, and returns what it said, its log line without what is made for each call, and what it added to the metrics. */
async function traced<T>(method: string, make: () => Promise<T>) {
  const lines = linesOf(method).length;
  const before = await countsOf(method);
  const outcome = await make();
  const line = await until("its line", async () => linesOf(method)[lines]);
  const after = await countsOf(method);
  const added = Object.entries(after).filter(([labels, count]) => count !== (before[labels] ?? 0));
  const { time: _time, duration: _duration, requestId: _requestId, ...rest } = line;
  return { outcome, line: rest, added: added.map(([labels, count]) => [labels, count - (before[labels] ?? 0)]) };
}

test("there are calls to compare", () => {
  expect(rpcs.length).toBeGreaterThan(35);
});

test.each(rpcs)("%s says the same over HTTP as over gRPC, and leaves the same record", async (rpc) => {
  const method = `/orgroles.v1.${rpc}`;
  // an environment that is not there, or is there already, and ids that break their rules
  for (const request of [
    { environmentId: rpc.endsWith("/CreateEnvironment") ? "beta" : "gamma", organizationId: "acme", userId: "ann" },
    { environmentId: "not an id", organizationId: "globex corp", userId: "" },
  ]) {
    const known = Object.fromEntries(Object.entries(request).filter(([name]) => methodHas(rpc, name)));
    const grpc = await traced(method, () => overGrpc(service, rpc, known));
    const overHttp = await traced(method, async () => {
      const answer = await http.call(rpc, known, undefined);
      return "error" in answer ? answer : "answered";
    });
    expect(overHttp).toEqual(grpc);
    expect(grpc.added).toEqual([[expect.any(String), 1]]);
  }
});

function methodHas(rpc: string, field: string): boolean {
  const [service_ = "", name] = rpc.split("/");
  const method = registry.getService(`orgroles.v1.${service_}`)?.methods.find((one) => one.name === name);
  return Boolean(method?.input.fields.some(({ localName }) => localName === field));
}
