import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cloneTo } from "../support/clone";
import { languages, untried } from "../support/languages";
import type { ServiceProcess } from "../support/process";
import { serving } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";
import { type Case, cases, setUpCases } from "./cases";
import { type Prepared, PreparedServers, setUpNames } from "./set-ups";

for (const language of untried) test.todo(`the ${language} client: set ORGROLES_TEST_CLIENTS`);

let folder: string;
let clone: string;
let servers: PreparedServers;
const ends: (() => Promise<unknown>)[] = [];
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  clone = cloneTo(path.join(folder, "clone"));
  servers = new PreparedServers(folder);
  ends.push(() => servers.end());
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
  rmSync(folder, { recursive: true, force: true });
});

const caseNamed = (name: string): Case =>
  present([...cases, ...setUpCases].find(({ file }) => file.endsWith(`/${name}.yaml`)));

interface Run {
  /** Every line that is not `ok`: what failed, and the count. */
  readonly rest: readonly string[];
  readonly code: number | null;
}

/** Starts a runner; `onStep` is told of every step that passed. */
async function run(
  language: string,
  args: readonly string[],
  onStep: (count: number) => void = () => {},
): Promise<Run> {
  const runner = path.join(clone, "test/conformance", language, "run");
  const child: ChildProcess = spawn(runner, args, { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let told = 0;
  child.stdout?.on("data", (text: Buffer) => {
    printed += text.toString();
    const count = printed.match(/^ok /gm)?.length ?? 0;
    while (told < count) onStep((told += 1));
  });
  child.stderr?.on("data", (text: Buffer) => (printed += text.toString()));
  ends.push(async () => child.kill("SIGKILL"));
  const [code] = (await once(child, "close")) as [number | null];
  return { rest: printed.split("\n").filter((line) => line !== "" && !line.startsWith("ok ")), code };
}

const passed = (some: readonly Case[]): Run => ({
  rest: [`${some.reduce((sum, { steps }) => sum + steps.length, 0)} passed, 0 failed`],
  code: 0,
});

/** Returns what a runner is told about a prepared server. */
const argumentsFor = ({ service, variables, retries, authority }: Prepared): readonly string[] => [
  ...(authority === undefined ? [] : ["--ca-file", authority]),
  ...(retries ? [] : ["--no-retries"]),
  ...Object.entries(variables).flatMap(([name, value]) => ["--variable", `${name}=${value}`]),
  authority === undefined ? service.address : service.address.replace("127.0.0.1", "localhost"),
];

test("every file of cases/set-up has its server here", () => {
  const names = setUpCases.map(({ file }) => path.basename(file, ".yaml"));
  expect([...setUpNames].toSorted()).toEqual(names.toSorted());
});

let address: string;
let prepared: Record<string, readonly string[]>;
beforeAll(async () => {
  ({ address } = await servers.ordinary());
  prepared = Object.fromEntries(
    await Promise.all(setUpNames.map(async (name) => [name, argumentsFor(await servers.prepare(name))] as const)),
  );
});

describe.each(languages)("the %s client", (language) => {
  beforeAll(() => {
    execFileSync(path.join(clone, "test/conformance", language, "build"), {
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 600_000,
    });
  }, 600_000);

  test("sees what the cases say on any server", async () => {
    expect(await run(language, [address, ...cases.map(({ file }) => file)])).toEqual(passed(cases));
  });

  test.each(setUpNames)("sees what the case %s says", async (name) => {
    const one = caseNamed(name);
    expect(await run(language, [...present(prepared[name]), one.file])).toEqual(passed([one]));
  });

  test("says what differs, and ends the file there", async () => {
    const file = path.join(folder, "wrong.yaml");
    const request = { environment_id: "alpha" };
    const steps = [
      { call: "RoleService/ListEnvironmentRoles", with: request, answer: { roles: [{ slug: "/^mem/" }] } },
      { call: "RoleService/ListEnvironmentRoles", with: request, answer: { roles: [{ slug: "owner" }] } },
      { call: "RoleService/ListEnvironmentRoles", with: request },
    ];
    writeFileSync(file, JSON.stringify({ about: "This is wrong.", steps }));
    const { rest, code } = await run(language, [address, file, caseNamed("access").file]);
    expect(code).toBe(1);
    expect(rest[0]).toBe("not ok wrong 2 RoleService/ListEnvironmentRoles");
    expect(rest.slice(1, -1).every((line) => line.startsWith("  "))).toBe(true);
    expect(rest.slice(1, -1).join("\n")).toMatch(/expected[^]*owner[^]*actual[^]*member/);
    expect(rest.at(-1)).toBe(`${1 + caseNamed("access").steps.length} passed, 1 failed`);
  });

  test.each([
    [{ slug: "member" }, { roles: [] }],
    [{ code: "NOT_FOUND", reason: "ENVIRONMENT_NOT_FOUND", retry: true }, undefined],
    [{ code: "NOT_FOUND", reason: "ENVIRONMENT_NOT_FOUND", metadata: { environment_id: "/^alpha$/" } }, undefined],
    [{ code: "NOT_FOUND", reason: "ENVIRONMENT_NOT_FOUND", fields: ["environment_id"] }, undefined],
    [{ code: "NOT_FOUND", reason: "ROLE_NOT_FOUND" }, undefined],
    [{ code: "INTERNAL", reason: "ENVIRONMENT_NOT_FOUND" }, undefined],
  ])("does not take an error for %j", async (error, answer) => {
    const file = path.join(folder, "strict.yaml");
    const step = { call: "RoleService/ListEnvironmentRoles", with: { environment_id: "gamma" } };
    writeFileSync(file, JSON.stringify({ steps: [{ ...step, ...(answer ? { answer } : { error }) }] }));
    expect((await run(language, [address, file])).rest.at(-1)).toBe("0 passed, 1 failed");
  });

  test.each([
    { call: "RoleService/DestroyRole" },
    { call: "RoleService/ListEnvironmentRoles", with: { environment_id: "${ghost}" } },
    { call: "RoleService/ListEnvironmentRoles", with: { environment_id: "alpha" }, as: "ghost" },
    { call: "RoleService/ListEnvironmentRoles", with: { environment_id: "alpha" }, keep: { ghost: "config.ghost" } },
    { call: "RoleService/ListEnvironmentRoles", with: { environment: "alpha" }, keep: { ghost: "config.etag" } },
  ])("does not hold %j", async (step) => {
    const file = path.join(folder, "impossible.yaml");
    writeFileSync(file, JSON.stringify({ steps: [step] }));
    const { rest, code } = await run(language, [address, file]);
    expect([rest[0], rest.at(-1), code]).toEqual([`not ok impossible 1 ${step.call}`, "0 passed, 1 failed", 1]);
  });

  test.each([[[]], [["127.0.0.1:1"]], [["--nonsense", "127.0.0.1:1", "x.yaml"]]])(
    "ends with 2 when it is called with %j",
    async (args) => {
      expect((await run(language, args)).code).toBe(2);
    },
  );

  test("goes on while the server is killed and started again", async () => {
    const settings = { ORGROLES_DATABASE_URL: (await servers.newDatabase()).url };
    let service: ServiceProcess = await servers.start(settings);
    await serving(service);
    const again = { ...settings, ORGROLES_ADDRESS: service.address };
    const rounds = [...cases, ...cases];
    let kills = 0;
    let restarting = Promise.resolve();
    const restart = async () => {
      await service.end("SIGKILL");
      service = await until("its port is free", () => servers.start(again));
    };
    const result = await run(language, [service.address, ...rounds.map(({ file }) => file)], (count) => {
      if (count % 60 !== 30) return;
      kills += 1;
      const earlier = restarting;
      restarting = (async () => {
        await earlier;
        await restart();
      })();
    });
    await restarting;
    expect(result).toEqual(passed(rounds));
    expect(kills).toBeGreaterThanOrEqual(5);
  });
});
