import { readFileSync, writeFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { tokenDigest } from "../../src/auth/authenticator";
import { newAuthority } from "../support/authority";
import { bearer } from "../support/client";
import { runCommand } from "../support/command";
import { startProcess } from "../support/process";
import { temporaryFolder } from "../support/temporary";

const { fileOf, newName } = temporaryFolder();
const databaseUrl = () => `sqlite:${newName("db")}`;

test("--help names every command, and each of them has help", async () => {
  const { code, output } = await runCommand(["--help"], {});
  expect(code).toBe(0);
  const commands = [
    "serve",
    "migrate",
    "token",
    "check-config",
    "sweep-progress",
    "export",
    "apply",
    "events",
    "health",
  ];
  const helps = await Promise.all(commands.map((command) => runCommand([command, "--help"], {})));
  for (const [index, command] of commands.entries()) {
    expect(output).toMatch(new RegExp(`^ {2}${command}(?: [[<]\\S+)* +[a-z]`, "m"));
    expect(helps[index]).toMatchObject({ code: 0, output: expect.stringMatching(`^Usage: orgroles ${command} `) });
  }
});

test.each([
  ["serve"],
  ["migrate"],
  ["migrate", "up"],
  ["migrate", "down"],
  ["migrate", "status"],
  ["token", "make"],
  ["token", "hash"],
  ["check-config"],
  ["sweep-progress"],
  ["export"],
  ["apply"],
  ["events"],
  ["health"],
])("the help of %s has examples", async (...command) => {
  const { output } = await runCommand([...command, "--help"], {});
  const [, examples] = output.split("\nExamples:\n");
  expect(examples).toMatch(new RegExp(`^ {2}.*orgroles ${command.join(" ")}\\b`));
});

test("--help says what the exit codes mean", async () => {
  const { output } = await runCommand(["--help"], {});
  for (const code of ["0", "1", "2"]) expect(output).toMatch(new RegExp(`^ {2}${code} {2}[a-z]`, "m"));
});

test("the commands that the pages name are there", async () => {
  const pages = ["configuration", "database", "files", "operating"].map((name) =>
    readFileSync(`docs/${name}.md`, "utf8"),
  );
  const named = new Set(
    [...pages.join("").matchAll(/(?:npx |`)orgroles ([a-z][a-z-]+(?: (?:make|hash|up|down|status))?)/g)].map(
      ([, one]) => one,
    ),
  );
  expect(named.size).toBeGreaterThan(6);
  for (const command of named) {
    const { code, output } = await runCommand([...(command ?? "").trim().split(" "), "--help"], {});
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(`Usage: orgroles ${command} [`) });
  }
});

test("--version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(await runCommand(["--version"], {})).toEqual({ code: 0, output: `${version}\n` });
});

test.each([
  [["bogus"], "unknown command 'bogus'"],
  [["migrate", "sideways"], "unknown command 'sideways'"],
  [["token", "steal"], "unknown command 'steal'"],
  [["--port", "1"], "unknown option '--port'"],
  [["serve", "--port=1"], "unknown option '--port=1'"],
  [["check-config", "--strict"], "unknown option '--strict'"],
  [["check-config", "file.yaml"], "too many arguments for 'check-config'. Expected 0 arguments but got 1."],
  [["migrate", "down", "--all"], "unknown option '--all'"],
  [["migrate", "down", "2"], "too many arguments for 'down'. Expected 0 arguments but got 1."],
  [["migrate", "status", "2"], "too many arguments for 'status'. Expected 0 arguments but got 1."],
  [["sweep-progress", "dev"], "too many arguments for 'sweep-progress'. Expected 0 arguments but got 1."],
  [["health", "--adress", "x"], "unknown option '--adress'\n(Did you mean --address?)"],
])("%j is refused with a sentence, and nothing is started", async (args, sentence) => {
  const { code, output } = await runCommand(args, { ORGROLES_DATABASE_URL: databaseUrl() });
  expect(code).toBe(1);
  expect(output).toBe(`error: ${sentence}\nSee \`orgroles --help\`.\n`);
});

test("sweep-progress prints a table", async () => {
  const settings = { ORGROLES_DATABASE_URL: databaseUrl() };
  await runCommand(["migrate"], settings);
  expect(await runCommand(["sweep-progress"], settings)).toMatchObject({
    code: 0,
    output: expect.stringMatching(new RegExp(`^Database: ${settings.ORGROLES_DATABASE_URL}\n┌`)),
  });
});

describe("token", () => {
  test("make prints a new token and its digest, and a service with the digest knows the token", async () => {
    const made = (await runCommand(["token", "make"], {})).output;
    const { token, token_sha256 } = parse(made) as Record<string, string>;
    expect(token).toMatch(/^orgroles_[\w-]{43}$/);
    expect(token_sha256).toBe(tokenDigest(token ?? "").toString("hex"));
    expect((await runCommand(["token", "make"], {})).output).not.toContain(token);
    const file = fileOf(
      stringify({
        database_url: databaseUrl(),
        environments: ["alpha"],
        credentials: [{ name: "backend", token_sha256, action: "read", environments: ["alpha"] }],
      }),
    );
    const service = await startProcess({ ORGROLES_CONFIG_FILE: file }, bearer(token ?? ""));
    try {
      expect((await service.environments.getEnvironment({ environmentId: "alpha" })).environment?.id).toBe("alpha");
    } finally {
      await service.end();
    }
  });

  test("hash digests what it reads, without the end of the line", async () => {
    const digest = `${tokenDigest("my-token").toString("hex")}\n`;
    expect(await runCommand(["token", "hash"], {}, "my-token\n")).toEqual({ code: 0, output: digest });
    expect(await runCommand(["token", "hash"], {}, "my-token")).toEqual({ code: 0, output: digest });
  });

  test.each(["\n", "two words"])("hash refuses %j, which no header can carry", async (input) => {
    const { code, output } = await runCommand(["token", "hash"], {}, input);
    expect(code).toBe(1);
    expect(output).toMatch(/^A token must consist of/);
  });
});

const check = async (settings: Record<string, string>) => {
  const { code, output } = await runCommand(["check-config"], settings);
  return { code, output, shown: code === 0 ? (JSON.parse(output) as Record<string, unknown>) : undefined };
};

describe("check-config", () => {
  test("prints what is in force, and no secret", async () => {
    const digest = tokenDigest("x").toString("hex");
    const file = fileOf(
      stringify({
        database_url: "mysql://app:s3cret@db:3307/roles",
        environments: ["production", "staging"],
        max_queue: 7,
        reflection: "off",
        credentials: [{ name: "backend", token_sha256: [digest], action: "write", environments: "*" }],
      }),
    );
    const { shown, output } = await check({ ORGROLES_CONFIG_FILE: file, ORGROLES_MAX_QUEUE: "8" });
    expect(shown).toMatchObject({
      database: "mysql://db:3307/roles",
      environments: ["production", "staging"],
      admission: { queue: 8 },
      reflection: false,
      credentials: [{ name: "backend", action: "write", environments: "*", tokens: 1 }],
    });
    expect(output).not.toMatch(new RegExp(`s3cret|app|${digest}`));
  });

  test("prints everything that is wrong at once", async () => {
    const file = fileOf("address: nowhere\nprot: 1\ntls_key_file: /nowhere/server.key\n");
    const settings = { ORGROLES_CONFIG_FILE: file, ORGROLES_ADDRESS: "0.0.0.0:50051", ORGROLES_MIGRATE: "maybe" };
    expect(await check({ ...settings, ORGROLES_ADRESS: "1" })).toEqual({
      code: 1,
      output: [
        "The configuration is invalid:",
        "  ORGROLES_CONFIG_FILE: prot is not a setting",
        "  ORGROLES_ADRESS: is not a setting; did you mean ORGROLES_ADDRESS?",
        "  ORGROLES_MIGRATE: must be one of on, off",
        "  ORGROLES_TLS_KEY_FILE: /nowhere/server.key does not exist",
        "",
      ].join("\n"),
    });
  });

  test("tries the certificates", async () => {
    const authority = await newAuthority();
    const [one, two] = await Promise.all(["one", "two"].map((commonName) => authority.issue({ commonName })));
    const settings = {
      ORGROLES_TLS_CERT_FILE: fileOf(one?.certificate ?? ""),
      ORGROLES_TLS_KEY_FILE: fileOf(two?.key ?? ""),
    };
    const { code, output } = await check(settings);
    expect(code).toBe(1);
    expect(output).toMatch(/^The files for TLS cannot be used \(.+\.yaml, .+\.yaml\): .*key values mismatch\n$/);
    writeFileSync(settings.ORGROLES_TLS_KEY_FILE, one?.key ?? "");
    expect((await check(settings)).code).toBe(0);
  });

  test("takes the example of docs/configuration.md once its files are there", async () => {
    const example =
      /^```yaml\n(# orgroles\.yaml[^]+?)^```/m.exec(readFileSync("docs/configuration.md", "utf8"))?.[1] ?? "";
    const authority = await newAuthority();
    const { certificate, key } = await authority.issue({ commonName: "server" });
    const paths = { "tls/server.crt": certificate, "tls/server.key": key, "tls/clients.crt": authority.certificate };
    let file = example;
    for (const [name, content] of Object.entries(paths)) {
      expect(file).toContain(name);
      file = file.replace(name, fileOf(content));
    }
    const { shown } = await check({ ORGROLES_CONFIG_FILE: fileOf(file), ORGROLES_ADDRESS: "0.0.0.0:50051" });
    expect(shown).toMatchObject({
      host: "0.0.0.0",
      jwt: { issuer: "https://login.example.com", audience: "orgroles" },
      credentials: [
        { name: "backend", action: "write", environments: ["production", "staging"], tokens: 1 },
        { name: "billing", action: "read", organizations: ["acme"], certificate: "billing" },
      ],
    });
  });
});

test("an address that others reach needs credentials, and nothing is opened before", async () => {
  const settings = { ORGROLES_ADDRESS: "0.0.0.0:0", ORGROLES_DATABASE_URL: databaseUrl() };
  const { code, output } = await runCommand([], settings);
  expect(code).toBe(1);
  expect(output).toMatch(/^The configuration is invalid:\n {2}ORGROLES_ADDRESS: requires ORGROLES_CREDENTIALS or /);
  expect(() => readFileSync(settings.ORGROLES_DATABASE_URL.slice("sqlite:".length))).toThrow("ENOENT");
});
