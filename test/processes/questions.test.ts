import { spawn } from "node:child_process";
import path from "node:path";
import { temporaryFolder } from "../support/temporary";
import { until } from "../support/until";

const { newName } = temporaryFolder();
const main = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");

interface Outcome {
  readonly shown: string;
  readonly code: number | null;
}

/** Runs a command on a terminal of util-linux's `script`, and presses keys once the terminal shows a question. */
async function run(database: string, command: string, question?: RegExp, keys = ""): Promise<Outcome> {
  const terminal = spawn(
    "script",
    [
      "--quiet",
      "--return",
      "--command",
      `stty cols 100 rows 30; exec '${process.execPath}' '${main}' ${command}`,
      "/dev/null",
    ],
    {
      env: { PATH: process.env["PATH"], TERM: "xterm", SHELL: "/bin/sh", ORGROLES_DATABASE_URL: `sqlite:${database}` },
      stdio: [question ? "pipe" : "ignore", "pipe", "inherit"],
    },
  );
  let shown = "";
  terminal.stdout?.on("data", (text: Buffer) => (shown += text.toString()));
  const code = new Promise<number | null>((resolve) => {
    terminal.once("close", resolve);
  });
  if (question) {
    await until(`the terminal shows ${question}`, async () => question.test(shown) || undefined);
    terminal.stdin?.write(keys);
    await until("the command has ended", async () => /Nothing was changed|is reverted/.test(shown) || undefined);
    terminal.stdin?.end();
  }
  return { code: await code, shown };
}

test("migrate down shows what it deletes and does it after a yes, and after anything else nothing", async () => {
  const database = newName("db");
  expect(await run(database, "migrate")).toMatchObject({ code: 0 });
  const before = await run(database, "migrate status");
  for (const keys of ["n", "\r", "\u0003", "\u001b"]) {
    const refused = await run(database, "migrate down", /Revert it\?/, keys);
    expect(refused.code).toBe(1);
    expect(refused.shown).toContain("Nothing was changed");
    expect((await run(database, "migrate status")).shown).toBe(before.shown);
  }
  const done = await run(database, "migrate down", /Revert it\?/, "y");
  expect(done).toMatchObject({ code: 0 });
  expect(done.shown).toMatch(/is reverted/);
  expect((await run(database, "migrate status")).shown).not.toBe(before.shown);
});
