import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readConfig } from "../../src/config/config";
import { shutdownGrace } from "../../src/grpc/server";
import { blocksOf } from "../support/pages";

const dockerfile = readFileSync("Dockerfile", "utf8");
const page = readFileSync("docs/operating.md", "utf8");
const blocks = blocksOf(page.slice(page.indexOf("## Docker"), page.indexOf("## Kubernetes")));
const line = /^docker run -d (.+)$/m.exec(blocks.map(({ text }) => text).join(""))?.[1] ?? "";
const { values, positionals } = parseArgs({
  args: line.split(" "),
  allowPositionals: true,
  options: {
    name: { type: "string" },
    init: { type: "boolean" },
    restart: { type: "string" },
    "stop-timeout": { type: "string" },
    "env-file": { type: "string" },
    volume: { type: "string", short: "v" },
    publish: { type: "string", short: "p", multiple: true },
  },
});

/** The variables of a file as Docker reads it: everything after the first `=`, quotes included. */
const variablesOf = (text: string) =>
  Object.fromEntries(
    text
      .trim()
      .split("\n")
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  ) as Record<string, string>;

test("runs the image that the page builds, by its name, in a container that the page asks", () => {
  const commands = blocks.flatMap(({ text }) => text.split("\n"));
  expect(positionals).toEqual(["orgroles"]);
  expect(commands).toContain(`docker build -t ${positionals[0]} .`);
  expect(commands).toContain(`docker exec ${values.name} orgroles health`);
});

test("keeps the database in the image's volume, and publishes the image's ports on this machine only", () => {
  const volume = /^VOLUME (\S+)$/m.exec(dockerfile)?.[1];
  expect(values.volume).toBe(`orgroles-data:${volume}`);
  const exposed = /^EXPOSE (.+)$/m.exec(dockerfile)?.[1]?.split(" ") ?? [];
  expect(exposed).toHaveLength(2);
  expect(values.publish).toEqual(exposed.map((port) => `127.0.0.1:${port}:${port}`));
});

test("names the user of the image, who owns its volume", () => {
  const user = /^USER (\d+:\d+)$/m.exec(dockerfile)?.[1];
  expect(page).toContain(`chown ${user} FOLDER`);
  expect(dockerfile).toMatch(/install -d -o node -g node \/data/);
});

test("the file with its settings lets it start", () => {
  const file = blocks.find(({ attributes }) => attributes.has("settings"))?.text ?? "";
  const given = variablesOf(file.replace("DIGEST", "0a".repeat(32)));
  const image = variablesOf([...dockerfile.matchAll(/(ORGROLES_\w+=\S+)/g)].map(([, entry]) => entry).join("\n"));
  const { credentials, environments } = readConfig({ ...image, ...given });
  expect(credentials).toHaveLength(1);
  expect(environments).toEqual(["dev"]);
});

test("waits long enough at its end for calls in flight", () => {
  expect(Number(values["stop-timeout"]) * 1000).toBeGreaterThan(shutdownGrace);
});
