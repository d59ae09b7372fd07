import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { newAuthority } from "../support/authority";
import { runCommand } from "../support/command";
import { type ServiceProcess, startProcess } from "../support/process";

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
const file = (name: string) => path.join(folder, name);
const processes: ServiceProcess[] = [];
let plain: ServiceProcess;
let secure: ServiceProcess;
let withoutDatabase: ServiceProcess;

const start = async (settings: Record<string, string>) => {
  const started = await startProcess(settings);
  processes.push(started);
  return started;
};

beforeAll(async () => {
  // for a host that is not this one, as certificates of services are
  const authority = await newAuthority();
  const names = { commonName: "roles.example", alternatives: [{ type: "dns" as const, value: "roles.example" }] };
  const { certificate, key } = await authority.issue(names);
  for (const [name, pem] of Object.entries({ ca: authority.certificate, cert: certificate, key }))
    writeFileSync(file(`${name}.pem`), pem);
  plain = await start({ ORGROLES_DATABASE_URL: `sqlite:${file("plain.db")}` });
  secure = await start({
    ORGROLES_DATABASE_URL: `sqlite:${file("secure.db")}`,
    ORGROLES_TLS_CERT_FILE: file("cert.pem"),
    ORGROLES_TLS_KEY_FILE: file("key.pem"),
  });
  withoutDatabase = await start({ ORGROLES_DATABASE_URL: "mysql://root@127.0.0.1:1/none" });
});
afterAll(async () => {
  await Promise.all(processes.map((service) => service.end("SIGKILL")));
  rmSync(folder, { recursive: true, force: true });
});

const health = (args: readonly string[], settings: Record<string, string> = {}) =>
  runCommand(["health", ...args], settings);
const serves = { code: 0, output: "SERVING\n" };

test("a server that serves is healthy, whoever asks", async () => {
  expect(await health(["--address", plain.address])).toEqual(serves);
});

test("each of its services can be asked for, and no other", async () => {
  const asked = ["--address", plain.address, "--service"];
  expect(await health([...asked, "orgroles.v1.AccessService"])).toEqual(serves);
  const { code, output } = await health([...asked, "orgroles.v1.NoService"]);
  expect(code).toBe(1);
  expect(output).toMatch(/NOT_FOUND/);
});

test("a server without its database is not healthy", async () => {
  expect(await health(["--address", withoutDatabase.address])).toEqual({ code: 1, output: "NOT_SERVING\n" });
});

test("without an address it asks the server of its own configuration, on this machine", async () => {
  const [, port] = plain.address.split(":");
  expect(await health([], { ORGROLES_ADDRESS: plain.address })).toEqual(serves);
  expect(await health([], { ORGROLES_ADDRESS: `0.0.0.0:${port}` })).toEqual(serves);
});

test("it asks its own server over TLS where that has a certificate, whatever the name in it", async () => {
  const settings = {
    ORGROLES_ADDRESS: secure.address,
    ORGROLES_TLS_CERT_FILE: file("cert.pem"),
    ORGROLES_TLS_KEY_FILE: file("key.pem"),
  };
  expect(await health([], settings)).toEqual(serves);
});

test.each([
  ["no TLS", [], 1],
  ["an authority that nobody knows", ["--tls"], 1],
  ["another name", ["--ca-file", "ca.pem"], 1],
  ["its authority and its name", ["--ca-file", "ca.pem", "--server-name", "roles.example"], 0],
])("another server with a certificate, asked with %s", async (_, flags, code) => {
  const args = flags.map((flag) => (flag === "ca.pem" ? file(flag) : flag));
  const ended = await health(["--address", secure.address, ...args]);
  expect(ended.code).toBe(code);
  expect(ended.output === "SERVING\n").toBe(code === 0);
});

test.each([
  ["nobody listens", ["--address", "127.0.0.1:1"], /^14 UNAVAILABLE: /],
  ["the timeout is no number", ["--timeout", "soon"], /must be a number of milliseconds/],
])("where %s it says so and ends with 1", async (_, args, said) => {
  const { code, output } = await health(args);
  expect(code).toBe(1);
  expect(output).toMatch(said);
});
