import { execFileSync } from "node:child_process";
import path from "node:path";

/** What a log of these entries has on standard error, as text. */
function textOf(...messages: string[]): string {
  const build = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist");
  const work = `
    const { pino } = require("pino");
    const { logDestination } = require(process.argv[1] + "/src/observability/log-destination");
    logDestination("text", { processes: Number(process.argv[2]) }).then((destination) => {
      const log = pino({}, destination);
      for (const message of process.argv.slice(3)) log.info({ field: message }, message);
    });`;
  return execFileSync("bash", ["-c", '"$@" 2>&1', "bash", process.execPath, "-e", work, build, ...messages], {
    encoding: "utf8",
  });
}

test("nothing that is logged controls a terminal", () => {
  const escape = String.fromCharCode(27);
  const shown = textOf("1", `red ${escape}[31m bell \u0007 back \b\r C1 \u009b31m right-to-left \u202e end`);
  expect(shown.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  expect(shown).toContain("red \uFFFD[31m bell \uFFFD back \uFFFD\uFFFD C1 \uFFFD31m right-to-left \uFFFD end");
});

test("backslashes stay as they are", () => {
  const shown = textOf("1", String.raw`C:\new\u001b\\x`);
  expect(shown).toContain(String.raw`INFO: C:\new\u001b\\x {`);
});

test("a process is named where there are several", () => {
  expect(textOf("1", "one")).toMatch(/INFO: one/);
  expect(textOf("2", "one")).toMatch(/INFO \(\d+\): one/);
});
