import { rmSync } from "node:fs";
import { runCommand } from "../support/command";
import { temporaryFolder } from "../support/temporary";

const { folder, fileOf, newName } = temporaryFolder();
const token = "orgroles_s3cretAbCdEf0123456789-_AbCdEf0123456789";
const key = "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----";

const run = async (args: string[], settings: Record<string, string> = {}, input = "") => {
  const { code, output } = await runCommand(
    args,
    { ORGROLES_DATABASE_URL: `sqlite:${folder}/x.db`, ...settings },
    input,
  );
  return { code, output: output.replaceAll(folder, "") };
};

afterEach(() => rmSync(`${folder}/x.db`, { force: true }));

const commands = [
  [],
  ["serve"],
  ["migrate"],
  ["migrate", "up"],
  ["migrate", "down"],
  ["migrate", "status"],
  ["token"],
  ["token", "make"],
  ["token", "hash"],
  ["check-config"],
  ["sweep-progress"],
  ["health"],
  ["export", "dev"],
  ["apply", "/none.yaml"],
  ["help"],
];

test.each(commands.map((command) => [command.join(" ") || "no command", command] as const))(
  "%s with a secret as an argument or an option does not repeat it",
  async (_, command) => {
    for (const extra of [[token], [`--token=${token}`], [key]]) {
      const { code, output } = await run([...command, ...extra]);
      expect({ extra, code }).toEqual({ extra, code: command[0] === "help" ? code : 1 });
      expect(output).not.toContain("s3cret");
    }
  },
  200_000,
);

test.each([
  ["apply", [key], "Blueprint file: must be the path of a file; its value contains line breaks\n"],
  ["apply", [token], /^Blueprint file: names a file that does not exist; .* is not shown\n$/],
  ["apply", ["/none.yaml"], "Blueprint file: /none.yaml does not exist\n"],
  ["apply", ["/etc"], "Blueprint file: /etc is a folder\n"],
  [
    "health",
    ["--address", "127.0.0.1:1", "--ca-file", token],
    /^--ca-file: names a file that does not exist; .* is not shown\n$/,
  ],
  ["health", ["--address", "127.0.0.1:1", "--ca-file", "/none.pem"], "--ca-file: /none.pem does not exist\n"],
] as const)("%s %j", async (command, args, said) => {
  await run(["migrate"]);
  const { code, output } = await run(command === "apply" ? [command, "--", ...args] : [command, ...args]);
  expect(code).toBe(1);
  if (typeof said === "string") expect(output).toBe(said);
  else expect(output).toMatch(said);
});

test.each([
  ["a key", key],
  ["an alias to nothing", "environment: *s3cret"],
  ["text after its end", 'environment: "dev" s3cret'],
  ["an escape that is none", 'environment: "\\s3cret"'],
  ["a value for an id", 'environment: "s3cret two\\u009b"'],
])("apply repeats nothing of a file with %s", async (_, content) => {
  await run(["migrate"]);
  const { code, output } = await run(["apply", fileOf(content), "--yes"]);
  expect(code).toBe(1);
  expect(output).toMatch(/document 1/);
  expect(output).not.toMatch(/s3cret|\u009b/);
});

test.each([
  ["OTEL_EXPORTER_OTLP_PROTOCOL", token],
  ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", `http://app:s3cret@[::${token}`],
  ["ORGROLES_DATABASE_URL", "sqlite:/dev/null/x\u009b"],
  ["ORGROLES_DATABASE_URL", `mysql://app:s3cret@127.0.0.1:1/roles`],
  ["ORGROLES_METRICS_ADDRESS", token],
])("%s is not repeated in why there is no start", async (name, value) => {
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", [name]: value };
  for (const command of [["serve"], ["migrate"], ["check-config"]]) {
    if (command[0] === "serve" && (value.startsWith("mysql:") || name.endsWith("ENDPOINT"))) continue; // it starts
    expect((await run(command, settings)).output).not.toMatch(/s3cret|\u009b/);
  }
});

test("a statement that fails in a command is named by what it means", async () => {
  const file = newName("db");
  const settings = { ORGROLES_DATABASE_URL: `sqlite:${file}` };
  expect((await run(["migrate"], settings)).code).toBe(0);
  const Libsql = jest.requireActual<new (file: string) => { exec(sql: string): void; close(): void }>("libsql");
  const database = new Libsql(file);
  database.exec("CREATE TRIGGER t BEFORE INSERT ON environments BEGIN SELECT RAISE(ABORT, 's3cret'); END");
  database.close();
  const { code, output } = await run(["apply", fileOf("environment: dev\n"), "--yes"], settings);
  expect(code).toBe(1);
  expect(output).toMatch(
    /document 1 \(environment dev\)[^]*: a constraint is violated \(SQLITE_CONSTRAINT_TRIGGER\)\n$/,
  );
  expect(output).not.toContain("s3cret");
});
