import { ConfigError, readConfig } from "../src/config";
import { defaultQuotas } from "../src/domain/limits";
import { type DatabaseUrl, describeDatabaseUrl, parseDatabaseUrl } from "../src/persistence/database-url";
import { settings } from "../src/settings";

const faultsOf = (variables: Record<string, string>): readonly string[] => {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error("the configuration was accepted");
};

test("nothing is required", () => {
  expect(readConfig({ PATH: "/bin", HOME: undefined })).toEqual({
    host: "127.0.0.1",
    port: 50051,
    database: { kind: "sqlite", file: "data/orgroles.db" },
    databasePoolSize: 10,
    databaseTimeout: 10_000,
    migrate: true,
    environments: ["dev"],
    quotas: defaultQuotas,
    credentials: [],
    reflection: true,
    admission: { concurrency: 64, queue: 256, rate: 0 },
    cacheBytes: 64 * 1024 * 1024,
    logLevel: "info",
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
  expect(() => readConfig(variables)).toThrow(/^The configuration cannot be used:\n {2}ORGROLES_PORT: is not a/);
});

test.each([
  "mysql://app:s3cret@/roles",
  "mysql://app:s3cret@host",
  "mysql://app:s3cret@host:port/roles",
  "mysqlx://app:s3cret@host/roles",
  "mysql://app:s3cret%@host/roles",
  "mysql://app:s3cret@host/roles?ssl=true",
  "s3cret",
])("no text repeats the password of %s", (url) => {
  const faults = faultsOf({ ORGROLES_DATABASE_URL: url });
  expect(faults).toEqual([expect.stringMatching(/^ORGROLES_DATABASE_URL: must be sqlite:FILE or mysql:/)]);
  expect(new ConfigError(faults).message).not.toContain("s3cret");
});

const mysql = (given: Partial<DatabaseUrl>) => ({
  kind: "mysql",
  hosts: [{ host: "host", port: 3306 }],
  user: "root",
  password: "",
  database: "roles",
  ...given,
});

test.each([
  ["sqlite:data/orgroles.db", { kind: "sqlite", file: "data/orgroles.db" }, "sqlite:data/orgroles.db"],
  ["sqlite::memory:", { kind: "sqlite", file: ":memory:" }, "sqlite::memory:"],
  ["mysql://host/roles", mysql({}), "mysql://host:3306/roles"],
  ["mysql://app@host/roles", mysql({ user: "app" }), "mysql://host:3306/roles"],
  [
    "mysql://a%40b:p%3Aw%2F%40@host:3307/my%20roles",
    mysql({ user: "a@b", password: "p:w/@", hosts: [{ host: "host", port: 3307 }], database: "my roles" }),
    "mysql://host:3307/my roles",
  ],
  [
    "mysql://app:pw@one,two:3307,[::1]:3308/roles",
    mysql({
      user: "app",
      password: "pw",
      hosts: [
        { host: "one", port: 3306 },
        { host: "two", port: 3307 },
        { host: "::1", port: 3308 },
      ],
    }),
    "mysql://one:3306,two:3307,[::1]:3308/roles",
  ],
])("%s is read, and described without user and password", (url, value, described) => {
  expect(parseDatabaseUrl(url)).toEqual({ value });
  expect(describeDatabaseUrl(value as DatabaseUrl)).toBe(described);
});

test.each([
  "",
  "sqlite:",
  "mysql:",
  "mysql://",
  "mysql://host",
  "mysql://host/",
  "mysql:///roles",
  "mysql://host,/roles",
  "mysql://host:0/roles",
  "mysql://host:65536/roles",
  "mysql://[::1/roles",
  "mysql://host/a/b",
  "MYSQL://host/roles",
  "mariadb://host/roles",
])("%j is no database", (url) => {
  expect(parseDatabaseUrl(url)).toEqual({ rule: expect.stringMatching(/^must be sqlite:FILE or mysql:/) });
});
