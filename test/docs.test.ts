import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cloneTo } from "./support/clone";
import { languages } from "./support/languages";
import { type Block, blocksOf, expectOutput, stepsOf } from "./support/pages";
import { type ServiceProcess, startProcess } from "./support/process";

const pages = readdirSync("docs", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => name.replaceAll(path.sep, "/"));
const isRun = ({ kind, attributes }: Block) => kind === "sh" && !attributes.has("skip");
const blocksIn = (page: string) => blocksOf(readFileSync(`docs/${page}`, "utf8"));
const runnable = pages.filter((page) => blocksIn(page).some(isRun));
const language = (page: string) => /^clients\/(\w+)\.md$/.exec(page)?.[1];

describe.each(runnable.filter((page) => languages.includes(language(page) ?? "typescript")))("docs/%s", (page) => {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-docs-"));
  const clone = path.join(folder, "clone");
  const blocks = blocksIn(page);
  const steps = stepsOf(blocks, isRun);
  let service: ServiceProcess;
  let outputs: string[];

  beforeAll(async () => {
    cloneTo(clone);
    const database = `sqlite:${folder}/orgroles.db`;
    service = await startProcess({ ORGROLES_DATABASE_URL: database, ORGROLES_ENVIRONMENTS: "dev" });
    const here = (text: string) => text.replaceAll("127.0.0.1:50051", service.address);
    const main = path.resolve(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
    const parts = blocks.flatMap((block) => {
      const name = block.attributes.get("file");
      if (name) {
        const file = path.join(clone, name);
        return [`mkdir -p '${path.dirname(file)}'`, `cat > '${file}' <<'END OF FILE'\n${here(block.text)}END OF FILE`];
      }
      return isRun(block) ? [here(block.text.replaceAll("npx orgroles", "orgroles")), "printf '\\037'"] : [];
    });
    const script = ["set -e", "exec 2>&1", `orgroles() { node ${main} "$@"; }`, ...parts].join("\n");
    const outside = Object.entries(process.env).filter(([name]) => !name.startsWith("ORGROLES_"));
    const env = { ...Object.fromEntries(outside), ORGROLES_DATABASE_URL: database };
    try {
      const printed = execFileSync("bash", ["-c", script], { cwd: clone, env, encoding: "utf8", timeout: 500_000 });
      outputs = printed.split("\u001F");
    } catch (error) {
      throw new Error(`The commands end with an error:\n${(error as { stdout: string }).stdout}`, { cause: error });
    }
  }, 600_000);

  afterAll(async () => {
    await service?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(steps.map((step, index) => ({ ...step, index, first: step.commands.split("\n")[0] })))(
    "step $index, $first, prints what the page says",
    ({ expected, index }) => {
      expect(outputs.length).toBe(steps.length + 1);
      if (expected) expectOutput(outputs[index] ?? "", expected);
    },
  );
});

describe.each([
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "test/conformance/README.md",
  ...pages.map((page) => `docs/${page}`),
])("%s", (page) => {
  test("links to what is there", () => {
    const text = readFileSync(page, "utf8").replaceAll(/^```.*?^```$/gms, "");
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) =>
      path.join(path.dirname(page), link),
    );
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });
});
