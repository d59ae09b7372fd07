import { writeFileSync } from "node:fs";
import { Client, Metadata, credentials } from "@grpc/grpc-js";
import { connect as connectHttp2 } from "node:http2";
import { once } from "node:events";
import { runCommand } from "../support/command";
import { engines, servers } from "../support/engines";
import { type ServiceProcess, childrenOf, startProcess } from "../support/process";
import { present } from "../support/stage";
import { temporaryFolder } from "../support/temporary";
import { until } from "../support/until";

const { newName } = temporaryFolder();
const secret = "s3cret";

/** Has a program fail at a signal, as by a bug or a library. */
function failing(code: string): Record<string, string> {
  const hook = newName("cjs");
  writeFileSync(hook, `process.on("SIGUSR2", () => { ${code} });`);
  return { NODE_OPTIONS: `--require ${hook}` };
}

const bytes = (value: Buffer) => value;
const error = `Object.assign(new Error("${secret}"), { sql: "${secret}", parameters: ["${secret}"], errno: 1054 })`;

const errors: [string, string][] = [
  ["an error that nobody caught", `throw ${error};`],
  ["a promise that nobody caught", `Promise.reject(${error});`],
  ["a rejection that is text", `Promise.reject("${secret}");`],
];

const crashOf = (service: ServiceProcess) =>
  until("the crash is in the log", async () =>
    service
      .output()
      .split("\n")
      .find((line) => line.includes('"msg":"crashed"')),
  );
const crash = { level: 60, err: { type: expect.any(String), stack: expect.stringMatching(/^ {4}at /) } };

test.each(errors)("%s ends the process with a line that repeats nothing", async (_, code) => {
  const database = await present(engines[0]).create();
  try {
    const service = await startProcess({ ORGROLES_DATABASE_URL: database.url, ...failing(code) });
    expect(await service.end("SIGUSR2")).toBe(1);
    expect(JSON.parse(await crashOf(service))).toMatchObject(crash);
    expect(service.output()).not.toContain(secret);
  } finally {
    await database.drop();
  }
});

test("a worker that crashes is replaced, and neither says more", async () => {
  const database = await present(servers[0]).create();
  const settings = { ORGROLES_DATABASE_URL: database.url, ORGROLES_WORKERS: "2" };
  const service = await startProcess({ ...settings, ...failing(`throw ${error};`) });
  try {
    process.kill(present(childrenOf(service.pid)[0]), "SIGUSR2");
    expect(JSON.parse(await crashOf(service))).toMatchObject(crash);
    await until("it is missed", async () => service.output().includes("worker exited") || undefined);
  } finally {
    await service.end();
    await database.drop();
  }
  expect(service.output()).not.toContain(secret);
});

test("the log contains a warning of Node without its text", async () => {
  const database = await present(engines[0]).create();
  const code = `process.emitWarning("${secret}", { type: "DeprecationWarning", code: "DEP1" });`;
  const service = await startProcess({ ORGROLES_DATABASE_URL: database.url, ...failing(code) });
  try {
    process.kill(service.pid, "SIGUSR2");
    await until(
      "the warning is in the log",
      async () => /"msg":"Node issued a warning"/.test(service.output()) || undefined,
    );
    expect(service.output()).not.toContain(secret);
  } finally {
    await service.end();
    await database.drop();
  }
});

test("a command that crashes says where, and no more", async () => {
  const hook = newName("cjs");
  writeFileSync(hook, `process.stdin.on("end", () => { throw ${error}; });`);
  const { code, output } = await runCommand(["token", "hash"], { NODE_OPTIONS: `--require ${hook}` }, "x");
  expect(code).toBe(1);
  expect(output).toContain("a column does not exist (1054)");
  expect(output).not.toContain(secret);
});

test("headers are in no line, whatever characters they have and whatever is called", async () => {
  const database = await present(engines[0]).create();
  const service = await startProcess({ ORGROLES_DATABASE_URL: database.url, ORGROLES_LOG_LEVEL: "trace" });
  try {
    const session = connectHttp2(`http://${service.address}`);
    for (const value of [`Bearer ${secret}\u00e9`, `Bearer ${secret} ${secret}`, `Basic ${secret}`])
      for (const path of ["/orgroles.v1.RoleService/GetRole", `/${secret}.Service/Method`]) {
        const stream = session.request({
          ":method": "POST",
          ":path": path,
          "content-type": "application/grpc",
          te: "trailers",
          authorization: Buffer.from(value).toString("latin1"),
          "user-agent": secret,
          [`x-${secret}`]: `${secret}\u00e9`,
          "x-request-id": `${secret} not printable`,
        });
        stream.end(Buffer.alloc(5));
        stream.resume();
        await once(stream, "close");
      }
    session.close();
    const client = new Client(service.address, credentials.createInsecure());
    await new Promise((resolve) => {
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${secret}`);
      client.makeUnaryRequest(`/grpc.health.v1.Health/${secret}`, bytes, bytes, Buffer.from(secret), metadata, resolve);
    });
    client.close();
    await until("the calls are in the log", async () => /"msg":"call"/.test(service.output()) || undefined);
  } finally {
    await service.end();
    await database.drop();
  }
  expect(service.output()).not.toContain(secret);
});
