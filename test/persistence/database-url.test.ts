import {
  type DatabaseUrl,
  type MysqlUrl,
  describeDatabaseUrl,
  isOnThisMachine,
  parseDatabaseUrl,
} from "../../src/persistence/connection/database-url";
import { plainTextWarning } from "../../src/persistence/connection/plain-text";

const mysql = (given: Partial<MysqlUrl>): DatabaseUrl => ({
  kind: "mysql",
  hosts: [{ host: "host", port: 3306 }],
  user: "root",
  password: "",
  database: "roles",
  ...given,
});
const hosts = (...names: string[]) => ({ hosts: names.map((host) => ({ host, port: 3306 })) });

test.each<[string, DatabaseUrl, string]>([
  ["sqlite:data/orgroles.db", { kind: "sqlite", file: "data/orgroles.db" }, "sqlite:data/orgroles.db"],
  ["sqlite::memory:", { kind: "sqlite", file: ":memory:" }, "sqlite::memory:"],
  ["mysql://host/roles", mysql({}), "mysql://host:3306/roles"],
  ["mysql://host/roles?", mysql({}), "mysql://host:3306/roles"],
  ["mariadb://host/roles", mysql({}), "mysql://host:3306/roles"],
  ["mysql://app@host/roles", mysql({ user: "app" }), "mysql://host:3306/roles"],
  ["mysql://app:p:w,+[x]\\ä€@host/roles", mysql({ user: "app", password: "p:w,+[x]\\ä€" }), "mysql://host:3306/roles"],
  [
    "mysql://a%40b:p%3Aw%2F%40%25%23%3F@host:3307/my%20roles",
    mysql({ user: "a@b", password: "p:w/@%#?", hosts: [{ host: "host", port: 3307 }], database: "my roles" }),
    "mysql://host:3307/my roles",
  ],
  [
    "mysql://app:pw@one,two:3307,[::1]:3308,[2001:db8::7]/roles",
    mysql({
      user: "app",
      password: "pw",
      hosts: [
        { host: "one", port: 3306 },
        { host: "two", port: 3307 },
        { host: "::1", port: 3308 },
        { host: "2001:db8::7", port: 3306 },
      ],
    }),
    "mysql://one:3306,two:3307,[::1]:3308,[2001:db8::7]:3306/roles",
  ],
  [
    "mysql://app:pw@/roles?socket=/run/c%2B%2B/a+b.sock",
    mysql({ user: "app", password: "pw", ...hosts("localhost"), socket: "/run/c++/a+b.sock" }),
    "mysql://localhost/roles?socket=/run/c++/a+b.sock",
  ],
  ["mysql:///roles?socket=/s", mysql({ ...hosts("localhost"), socket: "/s" }), "mysql://localhost/roles?socket=/s"],
  [
    "mysql://localhost:3306/roles?socket=/s",
    mysql({ ...hosts("localhost"), socket: "/s" }),
    "mysql://localhost/roles?socket=/s",
  ],
  [
    "mysql://host/roles?ssl-mode=verify_Identity&ssl-ca=/a%26b&ssl-cert=c&ssl-key=d&connect-timeout-ms=100",
    mysql({ sslMode: "VERIFY_IDENTITY", sslCa: "/a&b", sslCert: "c", sslKey: "d", connectTimeout: 100 }),
    "mysql://host:3306/roles",
  ],
])("%s is read, and described without user and password", (url, value, described) => {
  expect(parseDatabaseUrl(url)).toEqual({ value });
  expect(describeDatabaseUrl(value)).toBe(described);
});

test.each([
  "",
  "s3cret",
  "sqlite:",
  "mysql:",
  "mysql://",
  "mysql://host",
  "mysql://host/",
  "mysql:///roles",
  "mysql://app@/roles",
  "mysql://host,/roles",
  "mysql://host:0/roles",
  "mysql://host:65536/roles",
  "mysql://host:port/roles",
  "mysql://::1:3306/roles",
  "mysql://[::1/roles",
  "mysql://[::g]/roles",
  "mysql://ho%20st/roles",
  "mysql://host/a/b",
  "mysql://host/roles#part",
  "MYSQL://host/roles",
  "mysqlx://host/roles",
  "postgres://host/roles",
])("%j is no database", (url) => {
  expect(parseDatabaseUrl(url)).toEqual({ rule: expect.stringMatching(/^must be sqlite:FILE or mysql:/) });
});

/** All ways in which a password may end what a parser takes for the login, the host or the path. */
const badlyEncoded = ["@", "/", "%", "#", "?", " ", "\t", "\n", "%zz", "@/", "1/2?x=", "1/2?ssl-mode=", "%4"];
test.each(badlyEncoded)("a password with %j in it is refused with what to do, and nothing is repeated", (text) => {
  for (const url of [
    `mysql://app:s3c${text}ret@host/roles`,
    `mysql://app:${text}s3cret@host:3307/roles?ssl-mode=REQUIRED`,
    `mysql://app:1${text}s3cret@one,two/roles`,
    `mariadb://s3cret${text}:pw@host/roles`,
  ])
    expect(parseDatabaseUrl(url)).toEqual({
      rule:
        "must be sqlite:FILE or mysql://USER:PASSWORD@HOST:PORT/DATABASE, several hosts separated by commas;" +
        " characters such as @ / % # ? in USER or PASSWORD must be percent-encoded" +
        " (@ is %40, / is %2F, % is %25, # is %23, ? is %3F)",
    });
});

const known = "the parameters are socket, ssl-mode, ssl-ca, ssl-cert, ssl-key, connect-timeout-ms";
test.each([
  ["ssl=true", `has the unknown parameter ssl; ${known}`],
  ["SSL-MODE=REQUIRED", `has the unknown parameter SSL-MODE; ${known}`],
  ["ssl-mode=REQUIRED&sslMode=REQUIRED", `has the unknown parameter sslMode; ${known}`],
  ["=x", `has an unknown parameter; ${known}`],
  ["a b=x".replace(" ", "%20"), `has an unknown parameter; ${known}`],
  ["ssl-ca=a&ssl-ca=a", "has the parameter ssl-ca twice"],
  ["ssl-mode=s3cret", "parameter ssl-mode must be one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"],
  ["ssl-mode", "parameter ssl-mode must be one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"],
  ["ssl-ca=", "parameter ssl-ca must be the path of a file"],
  ["ssl-cert", "parameter ssl-cert must be the path of a file"],
  ["socket=", "parameter socket must be the path of a Unix socket"],
  ["connect-timeout-ms=99", "parameter connect-timeout-ms must be a whole number between 100 and 60000"],
  ["connect-timeout-ms=5s", "parameter connect-timeout-ms must be a whole number between 100 and 60000"],
  ["socket=/run/mysqld.sock", "must have the host localhost, or none, beside a Unix socket"],
])("the parameters %s are refused", (parameters, rule) => {
  expect(parseDatabaseUrl(`mysql://app:pw@host/roles?${parameters}`)).toEqual({ rule });
});

test.each<[boolean, Partial<MysqlUrl>]>([
  [true, hosts("localhost")],
  [true, hosts("LOCALHOST.")],
  [true, hosts("db.localhost")],
  [true, hosts("127.0.0.1", "127.8.8.8", "::1", "::ffff:7f00:1")],
  [true, { ...hosts("localhost"), socket: "/run/mysqld.sock" }],
  [false, hosts("localhost.example.com")],
  [false, hosts("128.0.0.1")],
  [false, hosts("::2")],
  [false, hosts("0.0.0.0")],
  [false, hosts("127.0.0.1", "db")],
])("whether the database is on this machine: %j, %j", (isHere, given) => {
  const url = mysql(given) as MysqlUrl;
  expect(isOnThisMachine(url)).toBe(isHere);
  const warning = /ORGROLES_DATABASE_SSL_MODE/;
  expect(warning.test(plainTextWarning(url, false) ?? "")).toBe(!isHere);
  expect(warning.test(plainTextWarning({ ...url, sslMode: "DISABLED" }) ?? "")).toBe(!isHere);
  expect(plainTextWarning(url)).toBeUndefined();
  expect(plainTextWarning(url, true)).toBeUndefined();
});
