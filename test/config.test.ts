import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describeConfig, readConfig } from "../src/config/config";
import { defaultQuotas } from "../src/domain/limits";
import { settings } from "../src/config/settings";
import { faultsOf } from "./support/config-faults";

test("nothing is required", () => {
  expect(readConfig({ PATH: "/bin", HOME: undefined })).toEqual({
    host: "127.0.0.1",
    port: 50051,
    http: { host: "127.0.0.1", port: 50080, isDefault: true },
    httpOrigins: [],
    console: { frameAncestors: [], signIn: undefined },
    database: { kind: "sqlite", file: "data/orgroles.db" },
    databasePoolSize: 10,
    databaseTimeout: 10_000,
    migrate: true,
    environments: ["dev"],
    quotas: defaultQuotas,
    credentials: [],
    reflection: true,
    admission: { concurrency: 64, queue: 1024, rate: 0 },
    transport: { connections: 1000, bufferBytes: 64 * 1024 * 1024, requestTimeout: 10_000, reflectionRequests: 1000 },
    maxWatchers: 1000,
    eventRetentionDays: 90,
    cacheBytes: 64 * 1024 * 1024,
    workers: 1,
    logLevel: "info",
    logFormat: "auto",
  });
});

test("every variable reaches its place", () => {
  const variables = {
    ORGROLES_ADDRESS: "[::1]:0",
    ORGROLES_DATABASE_URL: "mysql://app:pw@db:3307/roles",
    ORGROLES_DATABASE_POOL_SIZE: "3",
    ORGROLES_DATABASE_TIMEOUT_MS: "500",
    ORGROLES_MIGRATE: "off",
    ORGROLES_ENVIRONMENTS: "production, staging,",
    ORGROLES_MAX_ENVIRONMENT_ROLES: "1",
    ORGROLES_MAX_CUSTOM_ROLES: "2",
    ORGROLES_MAX_PERMISSIONS: "3",
    ORGROLES_MAX_ROLE_PERMISSIONS: "4",
    ORGROLES_MAX_CONNECTIONS: "5",
    ORGROLES_MAX_BUFFER_MIB: "6",
    ORGROLES_REQUEST_TIMEOUT_MS: "700",
    ORGROLES_MAX_REFLECTION_REQUESTS: "8",
    ORGROLES_LOG_LEVEL: "warn",
  };
  expect(settings.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(variables)));
  expect(readConfig(variables)).toMatchObject({
    host: "[::1]",
    port: 0,
    database: {
      kind: "mysql",
      hosts: [{ host: "db", port: 3307 }],
      user: "app",
      password: "pw",
      database: "roles",
    },
    databasePoolSize: 3,
    databaseTimeout: 500,
    transport: { connections: 5, bufferBytes: 6 * 1024 * 1024, requestTimeout: 700, reflectionRequests: 8 },
    migrate: false,
    environments: ["production", "staging"],
    quotas: { environmentRoles: 1, customRoles: 2, permissions: 3, permissionsPerRole: 4 },
    logLevel: "warn",
  });
});

test.each([
  ["the embedded default", {}, ["dev"]],
  ["a database of one's own", { ORGROLES_DATABASE_URL: "sqlite:other.db" }, []],
  ["an empty list", { ORGROLES_ENVIRONMENTS: "" }, []],
  ["a list", { ORGROLES_ENVIRONMENTS: "a,b", ORGROLES_DATABASE_URL: "sqlite:other.db" }, ["a", "b"]],
])("the environments of %s", (_, variables, environments) => {
  expect(readConfig(variables).environments).toEqual(environments);
});

test.each([
  ["ORGROLES_ADDRESS", "50051"],
  ["ORGROLES_ADDRESS", "localhost:65536"],
  ["ORGROLES_ADDRESS", "::1:50051"],
  ["ORGROLES_ADDRESS", ""],
  ["ORGROLES_DATABASE_URL", "postgres://host/db"],
  ["ORGROLES_DATABASE_URL", ""],
  ["ORGROLES_DATABASE_POOL_SIZE", "0"],
  ["ORGROLES_DATABASE_TIMEOUT_MS", "99"],
  ["ORGROLES_MIGRATE", "yes"],
  ["ORGROLES_ENVIRONMENTS", "two words"],
  ["ORGROLES_ENVIRONMENTS", "x".repeat(65)],
  ["ORGROLES_MAX_ENVIRONMENT_ROLES", "1.5"],
  ["ORGROLES_MAX_CUSTOM_ROLES", "-1"],
  ["ORGROLES_MAX_PERMISSIONS", "many"],
  ["ORGROLES_MAX_ROLE_PERMISSIONS", "1e3"],
  ["ORGROLES_LOG_LEVEL", "loud"],
  ["ORGROLES_REFLECTION", "true"],
  ["ORGROLES_METRICS_ADDRESS", "9090"],
  ["ORGROLES_MAX_CONCURRENCY", "0"],
  ["ORGROLES_RATE_LIMIT", "-1"],
  ["ORGROLES_JWT_ALGORITHMS", "HS256"],
  ["ORGROLES_JWT_ALGORITHMS", "none"],
  ["ORGROLES_JWT_ALGORITHMS", ""],
  ["ORGROLES_JWT_CLAIM", ""],
  ["ORGROLES_CREDENTIALS", ""],
  ["ORGROLES_CREDENTIALS", "[]"],
  ["ORGROLES_CREDENTIALS", "{"],
  ["ORGROLES_CREDENTIALS", "backend"],
])("%s=%s is a fault that names the variable", (name, value) => {
  const faults = faultsOf({ [name]: value });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(new RegExp(`^${name}: .+`));
});

test("all faults come at once, those of unknown variables too", () => {
  const variables = { ORGROLES_ADDRESS: "x", ORGROLES_MIGRATE: "x", ORGROLES_PORT: "1", ORGROLES_: "", OTHER: "x" };
  expect(faultsOf(variables).map((fault) => fault.split(":")[0])).toEqual([
    "ORGROLES_PORT",
    "ORGROLES_",
    "ORGROLES_ADDRESS",
    "ORGROLES_MIGRATE",
  ]);
  expect(() => readConfig(variables)).toThrow(/^The configuration is invalid:\n {2}ORGROLES_PORT: is not a/);
});

const digest = "5".repeat(64);
const another = "6".repeat(64);
const backend = { name: "backend", token_sha256: digest, action: "read", environments: "*" };
const listOf = (...credentials: object[]) => ({ ORGROLES_CREDENTIALS: JSON.stringify(credentials) });

test("a credential has a name, a token or a certificate, and what it allows", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  try {
    const file = path.join(folder, "any.pem");
    writeFileSync(file, "");
    const tls = {
      ORGROLES_TLS_CERT_FILE: file,
      ORGROLES_TLS_KEY_FILE: file,
      ORGROLES_TLS_CLIENT_CA_FILE: file,
    };
    const scope = { action: "admin", environments: ["alpha"], organizations: ["acme"] };
    const rotated = { ...backend, token_sha256: [digest, another.toUpperCase()] };
    const { credentials } = readConfig({
      ...listOf(rotated, { name: "billing", certificate: "CN", acting_user: "user_ann", ...scope }),
      ...tls,
    });
    expect(credentials).toEqual([
      {
        caller: { name: "backend", action: "read", environments: "*" },
        tokenDigests: [digest, another].map((hex) => Buffer.from(hex, "hex")),
      },
      {
        caller: {
          name: "billing",
          action: "admin",
          environments: new Set(["alpha"]),
          organizations: new Set(["acme"]),
          actingUserId: "user_ann",
        },
        tokenDigests: [],
        certificate: "CN",
      },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const environmentsRule = "must be a list of environment ids, or '*' for all";
const actingUserRule = "must be a user id: 1–64 printable ASCII characters without spaces";
test.each<[string, object, string]>([
  ["has no name", { name: undefined }, ".name: must be 1–64 printable ASCII characters without spaces"],
  ["has a name with spaces", { name: "a b" }, ".name: must be 1–64 printable ASCII characters without spaces"],
  ["has an unknown action", { action: "root" }, ".action: must be one of read, write, admin"],
  ["has no environments", { environments: undefined }, `.environments: ${environmentsRule}`],
  ["has an environment as text", { environments: "alpha" }, `.environments: ${environmentsRule}`],
  ["has an empty list of environments", { environments: [] }, `.environments: ${environmentsRule}`],
  ["has an environment that cannot be", { environments: ["a b"] }, `.environments[0]: ${environmentsRule}`],
  [
    "has an empty list of organizations",
    { organizations: [] },
    ".organizations: must be a list of organization ids; omit it to allow all organizations",
  ],
  ["acts as an id that cannot be", { acting_user: "two users" }, `.acting_user: ${actingUserRule}`],
  ["acts as nobody", { acting_user: "" }, `.acting_user: ${actingUserRule}`],
  ["acts as several", { acting_user: ["user_ann"] }, `.acting_user: ${actingUserRule}`],
  [
    "has a token itself",
    { token_sha256: "s3cret-token" },
    ".token_sha256: must be the SHA-256 of a token (64 hexadecimal digits), or a list of them",
  ],
  [
    "has an empty list of tokens",
    { token_sha256: [] },
    ".token_sha256: must be the SHA-256 of a token (64 hexadecimal digits), or a list of them",
  ],
  ["is known by nothing", { token_sha256: undefined }, ": must have either token_sha256 or certificate"],
  ["is known by both", { certificate: "CN" }, ": must have either token_sha256 or certificate"],
  [
    "has a field that is none",
    { token: "s3cret-token" },
    ": may have only these fields: action, environments, organizations, acting_user, name, token_sha256, certificate",
  ],
])("a credential that %s is refused with the rule, and nothing secret is repeated", (_, change, fault) => {
  const faults = faultsOf(listOf(backend, { ...backend, name: "other", token_sha256: another, ...change }));
  expect(faults).toEqual([`ORGROLES_CREDENTIALS[1]${fault}`]);
  expect(faults.join("")).not.toContain("s3cret");
});

const issuer = { ORGROLES_JWT_ISSUER: "https://login.example.com", ORGROLES_JWT_AUDIENCE: "orgroles" };
const certificate = { ...backend, token_sha256: undefined, certificate: "CN" };
test.each<[string, Record<string, string>, string[]]>([
  [
    "an open service that others reach",
    { ORGROLES_ADDRESS: "0.0.0.0:50051" },
    ["ORGROLES_ADDRESS: requires ORGROLES_CREDENTIALS or ORGROLES_JWT_ISSUER if other machines can reach it"],
  ],
  [
    "an open service under a name that only looks local",
    { ORGROLES_ADDRESS: "localhost.example.com:50051" },
    ["ORGROLES_ADDRESS: requires ORGROLES_CREDENTIALS or ORGROLES_JWT_ISSUER if other machines can reach it"],
  ],
  [
    "an issuer for any audience",
    { ORGROLES_JWT_ISSUER: issuer.ORGROLES_JWT_ISSUER },
    ["ORGROLES_JWT_ISSUER: requires ORGROLES_JWT_AUDIENCE"],
  ],
  ["an audience of nobody", { ORGROLES_JWT_AUDIENCE: "x" }, ["ORGROLES_JWT_AUDIENCE: requires ORGROLES_JWT_ISSUER"]],
  [
    "several processes on one file",
    { ORGROLES_WORKERS: "2", ORGROLES_DATABASE_URL: "sqlite:roles.db" },
    ["ORGROLES_WORKERS: requires a database server in ORGROLES_DATABASE_URL; SQLite supports only one process"],
  ],
  [
    "no process at all",
    { ORGROLES_WORKERS: "0", ORGROLES_DATABASE_URL: "mysql://root@127.0.0.1/roles" },
    ["ORGROLES_WORKERS: must be auto, or between 1 and 256"],
  ],
  [
    "keys of nobody",
    { ORGROLES_JWT_JWKS_URL: "https://login.example.com/keys" },
    ["ORGROLES_JWT_JWKS_URL: requires ORGROLES_JWT_ISSUER"],
  ],
  [
    "a client of nobody",
    { ORGROLES_CONSOLE_CLIENT_ID: "console" },
    ["ORGROLES_CONSOLE_CLIENT_ID: requires ORGROLES_JWT_ISSUER"],
  ],
  [
    "scopes without that of OpenID Connect",
    { ORGROLES_CONSOLE_SCOPES: "profile email" },
    ["ORGROLES_CONSOLE_SCOPES: must be scopes separated by blanks, openid among them"],
  ],
  [
    "frames of everybody",
    { ORGROLES_CONSOLE_FRAME_ANCESTORS: "*" },
    ["ORGROLES_CONSOLE_FRAME_ANCESTORS: must be origins separated by commas, such as https://app.example.com"],
  ],
  [
    "an issuer whose keys anybody between could change",
    { ...issuer, ORGROLES_JWT_ISSUER: "http://login.example.com" },
    ["ORGROLES_JWT_ISSUER: must be a URL with https://, or with http:// on this machine"],
  ],
  [
    "certificates without an authority",
    listOf(certificate),
    ["ORGROLES_CREDENTIALS: requires ORGROLES_TLS_CLIENT_CA_FILE"],
  ],
  [
    "two credentials of one name",
    listOf(backend, { ...backend, token_sha256: another }),
    ['ORGROLES_CREDENTIALS: two credentials have the name "backend"'],
  ],
  [
    "two credentials of one token",
    listOf(backend, { ...backend, name: "other", token_sha256: [another, digest] }),
    ["ORGROLES_CREDENTIALS: two credentials have the same token"],
  ],
  [
    "a certificate without its key, which does not exist either",
    { ORGROLES_TLS_CERT_FILE: "/nowhere/server.crt" },
    [
      "ORGROLES_TLS_CERT_FILE: /nowhere/server.crt does not exist",
      "ORGROLES_TLS_CERT_FILE: requires ORGROLES_TLS_KEY_FILE",
    ],
  ],
  [
    "files for TLS that are set but empty",
    { ORGROLES_TLS_CERT_FILE: "", ORGROLES_TLS_KEY_FILE: "" },
    ["ORGROLES_TLS_CERT_FILE: must be the path of a file", "ORGROLES_TLS_KEY_FILE: must be the path of a file"],
  ],
])("%s is refused", (_, variables, faults) => {
  expect(faultsOf(variables)).toEqual(faults);
});

test.each(["127.0.0.1:0", "127.8.8.8:0", "[::1]:0", "localhost:0"])("%s is of this machine alone", (address) => {
  expect(readConfig({ ORGROLES_ADDRESS: address }).credentials).toEqual([]);
});

test.each<[string, Record<string, string>]>([
  ["credentials", listOf(backend)],
  ["an issuer", issuer],
])("with %s any address will do", (_, variables) => {
  expect(readConfig({ ...variables, ORGROLES_ADDRESS: "0.0.0.0:50051" }).host).toBe("0.0.0.0");
});

describe("the file", () => {
  let file: string;
  beforeEach(() => (file = path.join(mkdtempSync(path.join(tmpdir(), "orgroles-")), "orgroles.yaml")));
  afterEach(() => rmSync(path.dirname(file), { recursive: true, force: true }));
  const withFile = (content: string, variables: Record<string, string> = {}) => {
    writeFileSync(file, content);
    return { ORGROLES_CONFIG_FILE: file, ...variables };
  };

  test("has the settings under their names without the prefix, and variables come first", () => {
    const content = [
      "database_url: sqlite:other.db",
      "max_queue: 7",
      "max_concurrency: 8",
      "environments: [one, two]",
      "credentials:",
      `  - { name: backend, token_sha256: "${digest}", action: read, environments: "*" }`,
    ].join("\n");
    const config = readConfig(withFile(content, { ORGROLES_MAX_QUEUE: "9" }));
    expect(config).toMatchObject({
      database: { kind: "sqlite", file: "other.db" },
      environments: ["one", "two"],
      admission: { queue: 9, concurrency: 8 },
    });
    expect(describeConfig(config)).toMatchObject({ credentials: [{ name: "backend", tokens: 1 }] });
    expect(JSON.stringify(describeConfig(config))).not.toContain(digest);
  });

  test("may be empty", () => {
    expect(readConfig(withFile("# nothing\n")).environments).toEqual(["dev"]);
  });

  test.each([
    ["prot: 1", "prot is not a setting"],
    ["Address: 127.0.0.1:0", "Address is not a setting; did you mean address?"],
    ["ORGROLES_ADDRESS: 127.0.0.1:0", "ORGROLES_ADDRESS is not a setting; did you mean address?"],
    ["config_file: other.yaml", "config_file is not a setting"],
    ["mysql://app:s3cret@host/roles: x", "one of the keys is not a setting"],
  ])("with %j has a key that is no setting", (content, fault) => {
    expect(faultsOf(withFile(content))).toEqual([`ORGROLES_CONFIG_FILE: ${fault}`]);
  });

  test.each([
    ["a list", "- address", /must contain settings, one per line/],
    ["text", "s3cret", /must contain settings, one per line/],
    ["broken", "reflection: off\ndatabase_url: 's3cret", /is not valid YAML: see line \d$/],
    ["badly indented", "a: s3cret\n b: s3cret: x", /is not valid YAML: see line \d$/],
    ["twice of a name", "reflection: s3cret\nreflection: s3cret", /is not valid YAML: see line 2$/],
    ["with an alias to nothing", "database_url: *s3cret", /cannot be read$/],
  ])("that is %s is refused, and nothing of it is repeated", (_, content, fault) => {
    const faults = faultsOf(withFile(content));
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(faults[0]).toMatch(new RegExp(`^ORGROLES_CONFIG_FILE: ${file} `));
    expect(faults.join("")).not.toContain("s3cret");
  });

  test("must be there, and a file", () => {
    expect(faultsOf({ ORGROLES_CONFIG_FILE: file })).toEqual([`ORGROLES_CONFIG_FILE: ${file} does not exist`]);
    const folder = path.dirname(file);
    expect(faultsOf({ ORGROLES_CONFIG_FILE: folder })).toEqual([`ORGROLES_CONFIG_FILE: ${folder} is a folder`]);
  });

  test("with an empty setting does not switch off what it is about", () => {
    expect(faultsOf(withFile("credentials:\n"))).toEqual([
      "ORGROLES_CREDENTIALS: must be a list of one or more credentials in YAML or JSON",
    ]);
  });
});
