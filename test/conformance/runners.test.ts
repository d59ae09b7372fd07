import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { tokenDigest } from "../../src/auth/authenticator";
import { connect } from "../support/client";
import { connectTo } from "../support/connection";
import { newAuthority } from "../support/authority";
import { cloneTo } from "../support/clone";
import { doorwayTo } from "../support/doorway";
import { type TestDatabase, servers } from "../support/engines";
import { audience, startIssuer } from "../support/issuer";
import { languages, untried } from "../support/languages";
import { type ServiceProcess, startProcess } from "../support/process";
import { serving } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";
import { type Case, cases, setUpCases } from "./cases";

const mariadb = present(servers[0]);
for (const language of untried) test.todo(`the ${language} client: set ORGROLES_TEST_CLIENTS`);

let folder: string;
let clone: string;
const ends: (() => Promise<unknown>)[] = [];
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  clone = cloneTo(path.join(folder, "clone"));
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
  rmSync(folder, { recursive: true, force: true });
});

async function newDatabase(): Promise<TestDatabase> {
  const database = await mariadb.create();
  ends.push(() => database.drop());
  return database;
}

async function start(settings: Record<string, string>): Promise<ServiceProcess> {
  const service = await startProcess({ ORGROLES_ENVIRONMENTS: "alpha,beta", ...settings });
  ends.push(() => service.end("SIGKILL"));
  return service;
}

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

const credential = (name: string, rest: object) => ({
  name,
  token_sha256: tokenDigest(`${name}-token`).toString("hex"),
  ...rest,
});

/** What the servers of `cases/set-up` have been given, and what the runner has to be told of them. */
const setUps: Record<string, () => Promise<readonly string[]>> = {
  credentials: async () => {
    const alpha = { environments: ["alpha"] };
    const credentials = [
      credential("reader", { ...alpha, action: "read" }),
      credential("acme", { ...alpha, action: "write", organizations: ["acme"] }),
    ];
    const authority = await newAuthority();
    const server = await authority.issue({ commonName: "server", alternatives: [{ type: "dns", value: "localhost" }] });
    const files = { authority: authority.certificate, certificate: server.certificate, key: server.key };
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, `${name}.pem`), content);
    const { address } = await start({
      ORGROLES_DATABASE_URL: (await newDatabase()).url,
      ORGROLES_CREDENTIALS: JSON.stringify(credentials),
      ORGROLES_TLS_CERT_FILE: path.join(folder, "certificate.pem"),
      ORGROLES_TLS_KEY_FILE: path.join(folder, "key.pem"),
    });
    return [
      "--ca-file",
      path.join(folder, "authority.pem"),
      ...["reader", "acme", "unknown"].flatMap((name) => ["--variable", `${name}_token=${name}-token`]),
      "--variable",
      "environment=alpha",
      address.replace("127.0.0.1", "localhost"),
    ];
  },
  "escalation-guard": async () => {
    const alpha = { environments: ["alpha"] };
    const credentials = [
      credential("admin", { ...alpha, action: "admin" }),
      credential("ann", { ...alpha, action: "write", acting_user: "ann" }),
    ];
    const { address } = await start({
      ORGROLES_DATABASE_URL: (await newDatabase()).url,
      ORGROLES_CREDENTIALS: JSON.stringify(credentials),
    });
    const tokens = ["admin", "ann"].flatMap((name) => ["--variable", `${name}_token=${name}-token`]);
    return [...tokens, "--variable", "environment=alpha", address];
  },
  quotas: async () => {
    const { address } = await start({
      ORGROLES_DATABASE_URL: (await newDatabase()).url,
      ORGROLES_MAX_ENVIRONMENT_ROLES: "3",
      ORGROLES_MAX_CUSTOM_ROLES: "2",
      ORGROLES_MAX_PERMISSIONS: "3",
      ORGROLES_MAX_ROLE_PERMISSIONS: "2",
    });
    return [address];
  },
  "rate-limit": async () => {
    const { address } = await start({ ORGROLES_DATABASE_URL: (await newDatabase()).url, ORGROLES_RATE_LIMIT: "5" });
    return ["--no-retries", "--variable", "environment=alpha", address];
  },
  "database-away": async () => {
    const url = new URL((await newDatabase()).url);
    const doorway = await doorwayTo(url.hostname, Number(url.port));
    ends.push(() => doorway.end());
    url.port = String(doorway.port);
    const service = await start({ ORGROLES_DATABASE_URL: url.href });
    await serving(service);
    doorway.close();
    return ["--no-retries", service.address];
  },
  contention: async () => {
    const { url } = await newDatabase();
    const service = await start({ ORGROLES_DATABASE_URL: url });
    await serving(service);
    await administer(
      url,
      "CREATE TRIGGER never BEFORE UPDATE ON environments FOR EACH ROW SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213",
    );
    return ["--no-retries", "--variable", "environment=alpha", service.address];
  },
  "issuer-away": async () => {
    const issuer = await startIssuer();
    const token = await issuer.sign({ orgroles: { action: "read", environments: "*" } });
    await issuer.stop();
    const { address } = await start({
      ORGROLES_DATABASE_URL: (await newDatabase()).url,
      ORGROLES_JWT_ISSUER: issuer.url,
      ORGROLES_JWT_AUDIENCE: audience,
    });
    return ["--no-retries", "--variable", `issued_token=${token}`, address];
  },
  "watch-limit": async () => {
    const { address } = await start({ ORGROLES_DATABASE_URL: (await newDatabase()).url, ORGROLES_MAX_WATCHERS: "0" });
    return ["--no-retries", "--variable", "environment=alpha", address];
  },
  retention: async () => {
    const { url } = await newDatabase();
    const service = await start({ ORGROLES_DATABASE_URL: url });
    await serving(service);
    const client = connect(service.address);
    const { resumeToken } = await client.events.listEvents({ environmentId: "alpha", pageSize: 1 });
    client.close();
    await administer(url, "DELETE FROM events");
    await administer(url, "UPDATE event_sequences SET purged_position = last_position");
    return ["--variable", "environment=alpha", "--variable", `expired_token=${resumeToken}`, service.address];
  },
  fault: async () => {
    const { url } = await newDatabase();
    const service = await start({ ORGROLES_DATABASE_URL: url });
    await serving(service);
    await administer(url, "RENAME TABLE permissions TO permissions_elsewhere");
    return ["--variable", "environment=alpha", service.address];
  },
};

async function administer(url: string, sql: string): Promise<void> {
  const connection = await connectTo(url);
  await connection.query(sql);
  connection.destroy();
}

test("every file of cases/set-up has its server here", () => {
  const names = setUpCases.map(({ file }) => path.basename(file, ".yaml"));
  expect(Object.keys(setUps).toSorted()).toEqual(names.toSorted());
});

let address: string;
let prepared: Record<string, readonly string[]>;
beforeAll(async () => {
  const service = await start({ ORGROLES_DATABASE_URL: (await newDatabase()).url });
  ({ address } = service);
  await serving(service);
  prepared = Object.fromEntries(
    await Promise.all(Object.entries(setUps).map(async ([name, setUp]) => [name, await setUp()] as const)),
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

  test.each(Object.keys(setUps))("sees what the case %s says", async (name) => {
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
    const settings = { ORGROLES_DATABASE_URL: (await newDatabase()).url };
    let service: ServiceProcess = await start(settings);
    await serving(service);
    const again = { ...settings, ORGROLES_ADDRESS: service.address };
    const rounds = [...cases, ...cases];
    let kills = 0;
    let restarting = Promise.resolve();
    const restart = async () => {
      await service.end("SIGKILL");
      service = await until("its port is free", () => start(again));
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
