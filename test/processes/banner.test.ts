import { execFileSync } from "node:child_process";
import { type AddressInfo, type Server, createServer } from "node:net";
import { tokenDigest } from "../../src/auth/authenticator";
import { runCommand } from "../support/command";
import { type TestDatabase, type TestEngine, engines } from "../support/engines";
import { startProcess } from "../support/process";
import { present } from "../support/stage";
import { temporaryFolder } from "../support/temporary";

const { newName } = temporaryFolder();
const sqlite = () => ({ ORGROLES_DATABASE_URL: `sqlite:${newName("db")}` });
const mariadb = present(engines.find(({ name }) => name === "mariadb"));
/** Creates a database with the schema and nothing in it: a service that still migrates does not know its environments. */
const emptyDatabase = async (engine: TestEngine): Promise<TestDatabase> => {
  const database = await engine.create();
  expect(await runCommand(["migrate"], { ORGROLES_DATABASE_URL: database.url })).toMatchObject({ code: 0 });
  return database;
};
const call = (banner: string) => present(/^ {2}npx (@bufbuild\/buf curl .*)$/m.exec(banner)?.[1]);
/** Runs the line that the banner shows, as a shell does. */
const runShown = (line: string) => execFileSync("bash", ["-c", `npx ${line}`], { encoding: "utf8" });

test.each(engines)("on an empty $name, the call that it shows makes an environment", async (engine) => {
  const database = await emptyDatabase(engine);
  const service = await startProcess({ ORGROLES_DATABASE_URL: database.url });
  try {
    const banner = service.output();
    expect(banner).toContain(
      "\nNo environment exists yet. Create one with ORGROLES_ENVIRONMENTS=dev or with this call:\n" +
        `  grpcurl -plaintext -d '{"environment_id":"dev"}' ${service.address} orgroles.v1.EnvironmentService/CreateEnvironment\n`,
    );
    expect(runShown(call(banner))).toMatch(/"id": *"dev"/);
  } finally {
    await service.end();
  }
  const again = await startProcess({ ORGROLES_DATABASE_URL: database.url });
  try {
    expect(again.output()).toContain(`\nA first call:\n  grpcurl -plaintext -d '{"environment_id":"dev"}' `);
    expect(runShown(call(again.output()))).toMatch(/"slug": *"member"/);
  } finally {
    await again.end();
    await database.drop();
  }
});

test("workers say it once", async () => {
  const database = await emptyDatabase(mariadb);
  const service = await startProcess({ ORGROLES_DATABASE_URL: database.url, ORGROLES_WORKERS: "2" });
  try {
    expect(service.output().match(/No environment exists yet/g)).toHaveLength(1);
    expect(runShown(call(service.output()))).toMatch(/"id": *"dev"/);
  } finally {
    await service.end();
    await database.drop();
  }
});

test("an id with a quote stays one word of the shell, and the token has its place", async () => {
  const token_sha256 = tokenDigest("TOKEN").toString("hex");
  const credentials = JSON.stringify([{ name: "a", token_sha256, action: "admin", environments: "*" }]);
  const service = await startProcess({
    ...sqlite(),
    ORGROLES_ENVIRONMENTS: "it's",
    ORGROLES_CREDENTIALS: credentials,
  });
  try {
    expect(service.output()).toContain(`-H 'authorization: Bearer TOKEN' -d '{"environment_id":"it'\\''s"}' `);
    expect(runShown(call(service.output()))).toMatch(/"slug": *"member"/);
  } finally {
    await service.end();
  }
});

describe("an address that cannot be listened on is one line with its setting", () => {
  let holder: Server;
  let taken: string;
  beforeAll(async () => {
    holder = createServer();
    await new Promise<void>((resolve) => {
      holder.listen(0, "127.0.0.1", resolve);
    });
    taken = `127.0.0.1:${(holder.address() as AddressInfo).port}`;
  });
  afterAll(() => holder.close());

  const credentials = `[{name: a, token_sha256: "${"0a".repeat(32)}", action: admin, environments: "*"}]`;
  const failing = async (settings: Record<string, string>) =>
    runCommand([], { ...sqlite(), ORGROLES_CREDENTIALS: credentials, ...settings });
  const inUse = () => `another process listens on ${taken}; stop it, or choose another port (EADDRINUSE)\n`;

  test("of calls, when it is taken", async () => {
    expect(await failing({ ORGROLES_ADDRESS: taken })).toEqual({ code: 1, output: `ORGROLES_ADDRESS: ${inUse()}` });
  });

  test("of metrics, when it is taken", async () => {
    const output = `ORGROLES_METRICS_ADDRESS: ${inUse()}`;
    expect(await failing({ ORGROLES_METRICS_ADDRESS: taken })).toEqual({ code: 1, output });
  });

  test("of several workers, when it is taken", async () => {
    const database = await mariadb.create();
    try {
      const settings = { ORGROLES_DATABASE_URL: database.url, ORGROLES_WORKERS: "3", ORGROLES_LOG_LEVEL: "warn" };
      const ended = await failing({ ...settings, ORGROLES_ADDRESS: taken });
      expect(ended).toEqual({ code: 1, output: `ORGROLES_ADDRESS: ${inUse()}` });
      const metrics = await failing({ ...settings, ORGROLES_METRICS_ADDRESS: taken });
      expect(metrics).toEqual({ code: 1, output: `ORGROLES_METRICS_ADDRESS: ${inUse()}` });
    } finally {
      await database.drop();
    }
  });

  test.each([
    ["ORGROLES_ADDRESS", "nowhere.invalid:50051", "the host nowhere.invalid cannot be resolved (ENOTFOUND)"],
    ["ORGROLES_METRICS_ADDRESS", "nowhere.invalid:50051", "the host nowhere.invalid cannot be resolved (ENOTFOUND)"],
    ["ORGROLES_ADDRESS", "192.0.2.1:50051", "192.0.2.1 does not belong to this machine (EADDRNOTAVAIL)"],
    ["ORGROLES_METRICS_ADDRESS", "192.0.2.1:50051", "192.0.2.1 does not belong to this machine (EADDRNOTAVAIL)"],
  ])("%s=%s", async (name, address, reason) => {
    expect(await failing({ [name]: address })).toEqual({ code: 1, output: `${name}: ${reason}\n` });
  });
});
