import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cloneTo } from "./support/clone";
import { type Outcome, type Site, expectPrinted, follow, runStepsOf } from "./support/follow";
import { languages } from "./support/languages";
import { type Block, abridgementOf, blocksOf } from "./support/pages";
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
  site = {
    folder: cloneTo(path.join(folder, "clone")),
    address: service.address,
    httpAddress: service.httpAddress,
    database,
  };
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

const everyPage = ["README.md", "SECURITY.md", "CHANGELOG.md", "test/conformance/README.md", ...pages];

test.each(everyPage)("%s marks the outputs that it abridges, and no others", (page) => {
  const outputs = blocksIn(page).filter(({ kind }) => ["text", "js", "json"].includes(kind));
  for (const output of outputs) {
    const { leavesOut, isMarked } = abridgementOf(output);
    expect({ text: output.text, isMarked }).toEqual({ text: output.text, isMarked: leavesOut });
  }
});

/** A page without what it quotes. */
const proseOf = (page: string) => readFileSync(page, "utf8").replaceAll(/^ *```.*?^ *```$/gms, "");

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(everyPage)("%s links to files and headings that exist", (page) => {
  const links = [...proseOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)];
  const missing = links.filter(([, file = "", anchor]) => {
    const target = file === "" ? page : path.join(path.dirname(page), file);
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

test.each(everyPage.filter((page) => !page.startsWith("docs/reference/")))("%s is short enough to read", (page) => {
  const longest = page === "README.md" ? 130 : 380;
  expect(readFileSync(page, "utf8").split("\n").length).toBeLessThanOrEqual(longest + 1);
});

const linkedFrom = (page: string) =>
  [...proseOf(page).matchAll(/\]\(([^)#\s]+\.md)/g)].map(([, file = ""]) => path.join(path.dirname(page), file));

test("the README leads to every page, by one link or two", () => {
  const linked = linkedFrom("README.md");
  const reached = new Set([...linked, ...linked.flatMap(linkedFrom)]);
  expect(everyPage.filter((page) => page !== "README.md" && !reached.has(page))).toEqual([]);
});

/** Paths in prose without `src/`, as in `domain/slug.ts`; and those of tests, with their folder. */
const pathsIn = (page: string) =>
  [...proseOf(page).matchAll(/`((?:\w[\w-]*\/)+(?:[\w.-]+\.ts)?)`/g)].map(([, name = ""]) => name);

test.each(["docs/development.md", "docs/decisions.md", "SECURITY.md"])("%s names files that exist", (page) => {
  const missing = pathsIn(page).filter((name) => !existsSync(name) && !existsSync(path.join("src", name)));
  expect(missing).toEqual([]);
});
