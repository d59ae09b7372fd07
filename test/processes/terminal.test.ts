import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { connect } from "../support/client";
import { startProcess } from "../support/process";
import { temporaryFolder } from "../support/temporary";
import { until } from "../support/until";

const { newName } = temporaryFolder();
const main = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
const settings = () => ({ ORGROLES_DATABASE_URL: `sqlite:${newName("db")}`, ORGROLES_ENVIRONMENTS: "dev" });
const environmentOf = (variables: Record<string, string>) => ({
  PATH: process.env["PATH"],
  ORGROLES_ADDRESS: "127.0.0.1:0",
  ...variables,
});

/** Serves one call on a terminal of util-linux's `script`; what the terminal shows, and the exit code. */
async function onTerminal(variables: Record<string, string>): Promise<{ shown: string; code: number | null }> {
  const pidFile = newName("pid");
  const command = `echo $$ > ${pidFile}; exec '${process.execPath}' '${main}'`;
  const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { ...environmentOf(variables), TERM: "xterm-256color", SHELL: "/bin/sh" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  terminal.stdout.on("data", (text: Buffer) => (shown += text.toString()));
  const ended = new Promise<number | null>((resolve) => {
    terminal.once("close", resolve);
  });
  await until("the banner is complete", async () => /buf curl .*\r?\n/.test(shown) || undefined);
  const client = connect(/listens on (\S+)/.exec(shown)?.[1] ?? "");
  await client.environments.getEnvironment({ environmentId: "dev" });
  client.close();
  process.kill(Number(readFileSync(pidFile, "utf8")), "SIGTERM");
  return { code: await ended, shown };
}

const csi = `${String.fromCharCode(27)}[`;

test("on a terminal the log is for people, in color", async () => {
  const { code, shown } = await onTerminal(settings());
  expect(code).toBe(0);
  expect(shown).toContain(`${csi}32mINFO${csi}39m`);
  expect(shown).toMatch(/\[\d\d:\d\d:\d\d\.\d{3}\] .*INFO.*call.*"method":"\/orgroles\.v1\.EnvironmentService\/Get/);
  expect(shown).not.toContain('{"level"');
});

test("NO_COLOR is minded", async () => {
  const { shown } = await onTerminal({ ...settings(), NO_COLOR: "1" });
  expect(shown).toMatch(/\[\d\d:\d\d:\d\d\.\d{3}\] INFO/);
  expect(shown).not.toContain(csi);
});

test("ORGROLES_LOG_FORMAT=json has JSON on a terminal too", async () => {
  const { shown } = await onTerminal({ ...settings(), ORGROLES_LOG_FORMAT: "json" });
  expect(shown).toMatch(/^\{"level":30.*"msg":"call"\}\r$/m);
  expect(shown).not.toContain("INFO");
});

test.each([
  ["auto", /^\{"level":30.*"msg":"call"\}$/m],
  ["json", /^\{"level":30.*"msg":"call"\}$/m],
  ["text", /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO <anonymous>: call \{"method":.*\}$/m],
])("elsewhere ORGROLES_LOG_FORMAT=%s is plain", async (format, line) => {
  const service = await startProcess({ ...settings(), ORGROLES_LOG_FORMAT: format });
  await service.environments.getEnvironment({ environmentId: "dev" });
  await service.end();
  expect(service.output()).toMatch(line);
  expect(service.output()).not.toContain(csi);
});
