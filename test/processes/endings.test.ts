import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import path from "node:path";
import { grpcBody } from "../support/frames";
import { message } from "../support/raw";
import { connect } from "../support/client";
import { runCommand } from "../support/command";
import { startProcess } from "../support/process";
import { temporaryFolder } from "../support/temporary";
import { until } from "../support/until";

const { newName } = temporaryFolder();
const main = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
const settings = () => ({ ORGROLES_DATABASE_URL: `sqlite:${newName("db")}`, ORGROLES_ENVIRONMENTS: "dev" });

/** Serves with standard output and standard error as they are given. */
function serve(stdio: ("pipe" | number)[], ...args: string[]): ChildProcess {
  const env = { PATH: process.env["PATH"], ORGROLES_ADDRESS: "127.0.0.1:0", ...settings() };
  return spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", ...stdio], timeout: 50_000, killSignal: 9 });
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });

/** Milliseconds of CPU time so far. */
const cpuTime = ({ pid }: ChildProcess): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
};

async function addressOf(child: ChildProcess): Promise<string> {
  let printed = "";
  child.stdout?.on("data", (text: Buffer) => (printed += text.toString()));
  await until("it listens", async () => /listens on \S+\n/.test(printed) || undefined);
  return /listens on (\S+)/.exec(printed)?.[1] ?? "";
}

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s ends a server in order", async (signal) => {
  const service = await startProcess(settings());
  expect(await service.end(signal)).toBe(0);
  expect(service.output()).toContain(`"signal":"${signal}","msg":"stopping"`);
});

test("readers of both outputs that leave, as head does, neither end a server nor keep it busy", async () => {
  const child = serve(["pipe", "pipe"]);
  const exit = exitOf(child);
  const address = await addressOf(child);
  child.stdout?.destroy();
  child.stderr?.destroy();
  const client = connect(address);
  for (let count = 0; count < 5; count += 1) {
    await client.environments.getEnvironment({ environmentId: "dev" });
    await new Promise((resolve) => {
      setTimeout(resolve, 150); // a write of the log
    });
  }
  const before = cpuTime(child);
  await new Promise((resolve) => {
    setTimeout(resolve, 1000);
  });
  expect(cpuTime(child) - before).toBeLessThan(300);
  await client.environments.getEnvironment({ environmentId: "dev" });
  client.close();
  child.kill("SIGTERM");
  expect(await exit).toBe(0);
});

test("a full disk below the log stops no server, and a server on it ends", async () => {
  const child = serve(["pipe", openSync("/dev/full", "w")]);
  const exit = exitOf(child);
  const client = connect(await addressOf(child));
  for (let count = 0; count < 3; count += 1) {
    await client.environments.getEnvironment({ environmentId: "dev" });
    await new Promise((resolve) => {
      setTimeout(resolve, 150);
    });
  }
  client.close();
  child.kill("SIGTERM");
  expect(await exit).toBe(0);
});

test("a second signal ends a server at once, whatever is in flight", async () => {
  const service = await startProcess(settings());
  // a response that nobody takes stays in flight
  const session = connectHttp2(`http://${service.address}`, { settings: { initialWindowSize: 0 } }).on(
    "error",
    () => undefined,
  );
  const call = session.request({
    ":method": "POST",
    ":path": "/orgroles.v1.EnvironmentService/GetEnvironment",
    "content-type": "application/grpc",
    te: "trailers",
  });
  call.on("error", () => undefined).end(grpcBody(message([1, "dev"])));
  await new Promise((resolve) => call.once("response", resolve));
  process.kill(service.pid, "SIGTERM");
  await until("it is stopping", async () => service.output().includes('"stopping"') || undefined);
  const start = performance.now();
  expect(await service.end("SIGTERM")).toBe(1);
  expect(performance.now() - start).toBeLessThan(5000); // calls in flight have ten seconds otherwise
  session.destroy();
});

test("a command whose output cannot be written fails with a sentence", async () => {
  const env = { PATH: process.env["PATH"], ...settings() };
  const child = spawn(process.execPath, [main, "check-config"], {
    env,
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
  });
  let printed = "";
  child.stderr?.on("data", (text: Buffer) => (printed += text.toString()));
  expect(await exitOf(child)).toBe(1);
  expect(printed).toMatch(/^Cannot write to standard output: ENOSPC/);
  expect((await runCommand(["check-config"], settings())).code).toBe(0);
});
