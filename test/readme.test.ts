import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { answerIn, blocksOf, expectOutput, stepsOf } from "./support/pages";
import { type ServiceProcess, startProcess } from "./support/process";
import { settingsTable, tableOf } from "./support/settings-table";

const readme = readFileSync("README.md", "utf8");
const tour = readme.slice(readme.indexOf("## Start"), readme.indexOf("## Test"));

const blocks = blocksOf(tour);
const callers = blocks.flatMap(({ attributes, text }) => {
  const caller = attributes.get("caller");
  return caller ? [{ caller, define: text }] : [];
});
const steps = stepsOf(blocks, ({ attributes, text }) => !attributes.has("caller") && !text.startsWith("npm"));

const present = (program: string) => {
  try {
    execFileSync("which", [program]);
    return true;
  } catch {
    return false;
  }
};

test("the tour has a caller for grpcurl and one for buf, and steps whose answers are shown", () => {
  expect(callers.map(({ caller }) => caller)).toEqual(["grpcurl", "buf"]);
  expect(steps.filter(({ expected }) => expected).length).toBeGreaterThanOrEqual(5);
});

const usable = callers.filter(({ caller }) => caller === "buf" || present(caller));
if (usable.length < callers.length) test.todo("the tour with grpcurl, which is not on this machine");

describe.each(usable)("the tour with $caller", ({ define }) => {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  let service: ServiceProcess;
  let outputs: string[];

  beforeAll(async () => {
    service = await startProcess({ ORGROLES_DATABASE_URL: `sqlite:${folder}/tour.db`, ORGROLES_ENVIRONMENTS: "dev" });
    const script = [define, ...steps.map(({ commands }) => `${commands}\nprintf '\\037'`)].join("\n");
    const here = script.replaceAll("127.0.0.1:50051", service.address);
    const printed = execFileSync("bash", ["-c", `exec 2>&1\n${here}`], { encoding: "utf8", timeout: 50_000 });
    outputs = printed.split("\u001F");
  });

  afterAll(async () => {
    await service?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(steps.map((step, index) => ({ ...step, index, call: /call (\S+)/.exec(step.commands)?.[1] })))(
    "step $index, $call, answers as the page says",
    ({ expected, index }) => {
      const output = (outputs[index] ?? "").replaceAll(/^npm warn.*\n/gm, "");
      if (expected) expectOutput(output, expected);
      const answer = expected?.kind === "text" ? {} : answerIn(output);
      expect(answer).not.toHaveProperty("code");
    },
  );
});

test("the commands that make clients are those of the pages, which are run", () => {
  const clients = readme.slice(readme.indexOf("## Clients"), readme.indexOf("## Configuration"));
  const commands = blocksOf(clients).flatMap(({ text }) => text.trim().split("\n"));
  expect(commands).toHaveLength(4);
  for (const command of commands) {
    const language = /buf\.gen\.(\w+)\.yaml/.exec(command)?.[1];
    expect(readFileSync(`docs/clients/${language}.md`, "utf8")).toContain(`\n${command}\n`);
  }
});

test("the table of the configuration is the one that the settings make", () => {
  expect(tableOf(readme)).toBe(settingsTable.replaceAll(/ +/g, " "));
});
