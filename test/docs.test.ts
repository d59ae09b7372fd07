import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cloneTo } from "./support/clone";
import { type Outcome, type Site, expectPrinted, follow, runStepsOf } from "./support/follow";
import { languages } from "./support/languages";
import { type Block, blocksOf } from "./support/pages";
import { type ServiceProcess, startProcess } from "./support/process";
import { startAfresh, tourWith } from "./support/tour";

const pages = readdirSync("docs", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name.replaceAll(path.sep, "/")}`);
const blocksIn = (page: string): Block[] =>
  page === "README.md" ? tourWith("grpcurl") : blocksOf(readFileSync(page, "utf8"));
const language = (page: string) => /clients\/(\w+)\.md$/.exec(page)?.[1] ?? "typescript";
const followed = ["README.md", ...pages.toSorted()].filter(
  (page) => languages.includes(language(page)) && runStepsOf(blocksIn(page)).length,
);

/** Every page twice, in both orders, as somebody does who reads them all with one clone and one server. */
const rounds = [
  ...followed.map((page) => ({ page, time: "followed" })),
  ...followed.toReversed().map((page) => ({ page, time: "followed again" })),
];

const folder = mkdtempSync(path.join(tmpdir(), "orgroles-docs-"));
let service: ServiceProcess;
let site: Site;

beforeAll(async () => {
  const database = `sqlite:${folder}/orgroles.db`;
  service = await startProcess({ ORGROLES_DATABASE_URL: database, ORGROLES_ENVIRONMENTS: "dev" });
  site = { folder: cloneTo(path.join(folder, "clone")), address: service.address, database };
});

afterAll(async () => {
  await service?.end();
  rmSync(folder, { recursive: true, force: true });
});

/** Does what a page asks of those who have followed it before. */
async function prepareAgain(page: string): Promise<void> {
  if (page === "README.md") await follow(startAfresh("grpcurl"), site);
  const newFolder = blocksIn(page).flatMap(({ attributes }) => attributes.get("new-folder") ?? [])[0];
  if (newFolder) rmSync(path.join(site.folder, newFolder), { recursive: true });
}

describe.each(rounds)("$page, $time", ({ page, time }) => {
  const blocks = blocksIn(page);
  const steps = runStepsOf(blocks).map((step, index) => ({ step, index, first: step.commands.split("\n")[0] }));
  let outcomes: Outcome[] = [];

  beforeAll(async () => {
    if (time === "followed again") await prepareAgain(page);
    outcomes = await follow(blocks, site);
  }, 600_000);

  test.each(steps)("step $index, $first, does what the page says", ({ step, index }) => {
    const outcome = outcomes[index];
    expect(outcome).toHaveProperty("failure", step.fails ? expect.any(String) : undefined);
    expectPrinted(outcome, step);
  });
});

test.each(["README.md", "SECURITY.md", "CHANGELOG.md", "test/conformance/README.md", ...pages])(
  "%s links to what is there",
  (page) => {
    const text = readFileSync(page, "utf8").replaceAll(/^```.*?^```$/gms, "");
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) =>
      path.join(path.dirname(page), link),
    );
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  },
);
