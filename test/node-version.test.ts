import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { nodeFault, oldestNode } from "../src/cli/node-version";
import { temporaryFolder } from "./support/temporary";

const { newName } = temporaryFolder();
const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as { engines: { node: string } };

test("the oldest Node is the one of the package, which names what .ci/run tests", () => {
  expect(engines.node).toMatch(new RegExp(String.raw`^\^${oldestNode.replaceAll(".", String.raw`\.`)} \|\| `));
  const tested = [...readFileSync(".ci/run", "utf8").matchAll(/^(?:oldest|newest)=(\d+)\./gm)].map(
    ([, major]) => major,
  );
  expect(engines.node.match(/(?<=\^)\d+/g)).toEqual(tested);
});

test.each(["16.20.2", "18.20.8", "20.0.0", "20.18.3", "8.17.0"])("Node %s is too old", (version) => {
  expect(nodeFault(version)).toBe(
    `Org Roles requires Node ${oldestNode} or newer, but this is Node ${version}; install Node 24 from nodejs.org.`,
  );
});

test.each(["20.19.0", "20.20.2", "22.1.0", "24.0.0", "100.0.0", "20.19.0-nightly"])("Node %s is not", (version) => {
  expect(nodeFault(version)).toBeUndefined();
});

test("a Node that is too old is told so in one line, before anything else is loaded", () => {
  const before = newName("js");
  writeFileSync(
    before,
    `Object.defineProperty(process.versions, "node", { value: "18.20.8" });
     process.on("exit", () => console.log(Object.keys(require.cache).map((file) => file.split("/").pop()).join()));`,
  );
  const main = path.join(process.env["TEST_RUN_BUILD"] ?? "dist", "src", "main.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--require", before, main], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toBe(`${nodeFault("18.20.8")}\n`);
  expect(stdout.trim().split(",").slice(1)).toEqual(["main.js", "node-version.js"]);
});

test("those files have no syntax that Node 12 lacks", () => {
  for (const name of ["main.js", "cli/node-version.js"]) {
    const text = readFileSync(path.join(process.env["TEST_RUN_BUILD"] ?? "dist", "src", name), "utf8");
    expect(text).not.toMatch(/\?\.|\?\?|\|\|=|&&=|#\w+\s*[=(]|^\s*static\s*\{|\bawait\b|import\s*\{/m);
  }
});
