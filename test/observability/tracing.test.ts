import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client, Metadata, credentials } from "@grpc/grpc-js";
import { failureOf } from "../support/client";
import { runCommand } from "../support/command";
import { engines } from "../support/engines";
import { type OtlpReceiver, otlpReceiver } from "../support/otlp-receiver";
import { type ServiceProcess, startProcess } from "../support/process";
import { message } from "../support/raw";
import { serving } from "../support/service";

/** Sends what its caller says of its trace. */
function callIn(address: string, rpc: string, request: Uint8Array, traceparent: string): Promise<void> {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const metadata = new Metadata();
  metadata.set("traceparent", traceparent);
  return new Promise((resolve) => {
    client.makeUnaryRequest(`/orgroles.v1.${rpc}`, bytes, bytes, Buffer.from(request), metadata, () => {
      client.close();
      resolve();
    });
  });
}

const bytes = (encoded: Buffer) => encoded;
const secret = "Name-that-only-the-database-should-see";

describe.each(engines)("on $name", (engine) => {
  let receiver: OtlpReceiver;
  let output: string;
  let code: number | null | undefined;
  const traceId = randomBytes(16).toString("hex");
  const parentId = randomBytes(8).toString("hex");

  beforeAll(async () => {
    receiver = await otlpReceiver();
    const database = await engine.create();
    let service: ServiceProcess | undefined;
    try {
      const started = await startProcess({
        ORGROLES_DATABASE_URL: database.url,
        ORGROLES_ENVIRONMENTS: "alpha,beta",
        ORGROLES_MAX_CONCURRENCY: "4",
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
        OTEL_SERVICE_NAME: "roles",
      });
      service = started;
      await serving(service);
      const create = message([1, "alpha"], [2, "acme"], [3, "org-own"], [4, secret]);
      await callIn(service.address, "RoleService/CreateRole", create, `00-${traceId}-${parentId}-01`);
      await failureOf(service.roles.getRole({ environmentId: "alpha", slug: "missing" }));
      await callIn(service.address, "RoleService/GetRole", message([1, "alpha"]), `00-${traceId}-${parentId}-00`);
      // many more than may be at work at once, each in a trace of its own
      await Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          started.permissions.createPermission({ environmentId: "beta", slug: `p${index}`, name: "P" }),
        ),
      );
    } finally {
      code = await service?.end();
      output = service?.output() ?? "";
      await database.drop();
    }
  });
  afterAll(() => receiver.close());

  const ofCall = (rpc: string) => receiver.spans.filter(({ name }) => name === `orgroles.v1.${rpc}`);

  test("the service ends well", () => {
    expect(code).toBe(0);
  });

  test("a call is a span below its caller's, with its statements below it", () => {
    const [call] = ofCall("RoleService/CreateRole");
    expect(call).toMatchObject({ traceId, parentId, kind: 2, failed: false, service: "roles" });
    expect(call?.attributes).toMatchObject({ "rpc.method": "CreateRole", "rpc.response.status_code": "OK" });
    const statements = receiver.spans.filter((span) => span.parentId === call?.id);
    expect(statements.map(({ name }) => name)).toEqual(expect.arrayContaining(["INSERT roles", "COMMIT"]));
    expect(new Set(statements.map(({ kind }) => kind))).toEqual(new Set([3]));
    expect(new Set(statements.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const insert = statements.find(({ name }) => name === "INSERT roles");
    expect(insert?.attributes).toMatchObject({
      "db.system.name": engine.name,
      "db.query.text": expect.stringMatching(/^INSERT INTO .+\?/),
    });
  });

  test("an error of the caller is named and is no failure of the service", () => {
    const [call] = ofCall("RoleService/GetRole");
    expect(call).toMatchObject({ parentId: "", failed: false });
    expect(call?.attributes).toMatchObject({ "rpc.response.status_code": "NOT_FOUND", "error.type": "ROLE_NOT_FOUND" });
  });

  test("a call that its caller does not record is not recorded", () => {
    expect(ofCall("RoleService/GetRole").filter((span) => span.traceId === traceId)).toEqual([]);
  });

  test("calls that waited for their turn have their own statements", () => {
    const calls = ofCall("PermissionService/CreatePermission");
    expect(calls).toHaveLength(24);
    const inserts = receiver.spans.filter(({ name }) => name === "INSERT permissions");
    const parents = new Set(inserts.map((span) => span.parentId));
    expect(calls.filter(({ id }) => !parents.has(id))).toEqual([]);
    for (const span of inserts) expect(calls.find(({ id }) => id === span.parentId)?.traceId).toBe(span.traceId);
  });

  test("the log names the trace", () => {
    const lines = output.split("\n").filter((line) => line.includes(traceId));
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
      expect.arrayContaining([expect.objectContaining({ traceId, method: "/orgroles.v1.RoleService/CreateRole" })]),
    );
  });

  test("what callers send is in no span", () => {
    expect(receiver.bytes().includes("org-own") || receiver.bytes().includes(secret)).toBe(false);
    expect(receiver.bytes().includes("environment_uid")).toBe(true);
  });

  test("statements of no call are in no trace", () => {
    expect(receiver.spans.filter((span) => span.kind === 3 && !span.parentId)).toEqual([]);
  });
});

/** The modules of OpenTelemetry that a process had loaded at its end. */
async function loadedBy(variables: Record<string, string>): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  try {
    const hook = path.join(folder, "hook.cjs");
    const list = path.join(folder, "modules.json");
    const write = `require("node:fs").writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache)))`;
    writeFileSync(hook, `process.on("exit", () => ${write});`);
    const service = await startProcess({
      ORGROLES_DATABASE_URL: `sqlite:${folder}/orgroles.db`,
      NODE_OPTIONS: `--require ${hook}`,
      ...variables,
    });
    expect(await service.end()).toBe(0);
    const modules = JSON.parse(readFileSync(list, "utf8")) as string[];
    expect(modules.filter((name) => name.includes("grpc-js")).length).toBeGreaterThan(0);
    const names = modules.flatMap((name) => /@opentelemetry\/[\w-]+/.exec(name)?.[0] ?? []);
    return [...new Set(names)].filter((name) => name !== "@opentelemetry/api"); // that is what prom-client loads
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each<Record<string, string>>([
  { OTEL_SERVICE_NAME: "roles" },
  { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_SDK_DISABLED: "true" },
  { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_TRACES_EXPORTER: "none" },
])("with %j nothing of OpenTelemetry is loaded", async (variables) => {
  expect(await loadedBy(variables)).toEqual([]);
});

test("a service whose collector is away serves and ends well", async () => {
  expect(await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" })).toContain(
    "@opentelemetry/sdk-trace-node",
  );
});

test("a protocol that is not there is an error at the start", async () => {
  const { code, output } = await runCommand(["serve"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
  });
  expect(code).toBe(1);
  expect(output).toContain("OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not supported; set it to http/protobuf");
});
