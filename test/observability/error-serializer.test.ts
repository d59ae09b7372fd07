import { pino } from "pino";
import { QueryFailedError } from "typeorm";
import { Refusal, refuse } from "../../src/domain/errors";
import { Fault } from "../../src/domain/fault";
import { describeError, serializeError } from "../../src/observability/error-serializer";
import { createLogger } from "../../src/observability/log";
import { rememberStatement } from "../../src/display/failed-statements";
import { connectTo } from "../support/connection";
import { servers } from "../support/engines";
import { present } from "../support/stage";

const secret = "s3cret";
const text = (value: unknown) => JSON.stringify(value);

/** As mysql2 makes it: with the values in its own copy of the statement. */
const driverError = (errno: number, message = `about '${secret}'`) =>
  Object.assign(new Error(message), {
    errno,
    code: "ER_SOME",
    sqlState: "42S22",
    sqlMessage: message,
    sql: `UPDATE t SET name = '${secret}'`,
  });

test("a driver's error has its number, code and state, the statement without values, and no text of the server", () => {
  const error = new QueryFailedError("UPDATE t SET name = ? WHERE id = ?", [secret, secret], driverError(1054));
  expect(serializeError(error)).toEqual({
    type: "QueryFailedError",
    message: "a column does not exist",
    code: "ER_SOME",
    errno: 1054,
    sqlState: "42S22",
    statement: "UPDATE t SET name = ? WHERE id = ?",
    stack: expect.stringMatching(/^ {4}at .*error-serializer\.test\.ts:\d+:\d+\)?/),
  });
});

test("an error of a statement that went the short way has the statement that was remembered", () => {
  const error = driverError(1406);
  rememberStatement(error, "INSERT INTO t VALUES (?)");
  expect(serializeError(error)).toMatchObject({
    type: "Error",
    message: "a value is too long for its column",
    statement: "INSERT INTO t VALUES (?)",
  });
  expect(text(serializeError(error))).not.toContain(secret);
});

const withStack = (error: Error, stack: unknown) => Object.defineProperty(error, "stack", { value: stack });

test.each<[string, unknown]>([
  ["with an unknown number", driverError(9999)],
  ["whose text looks like frames", new Error(`a\n    at ${secret} (/x.js:1:1)\n    at ${secret}:2:2`)],
  ["whose text was changed afterwards", Object.assign(new Error(secret), { message: "other" })],
  ["whose stack is no text", withStack(new Error(secret), { secret })],
  ["whose name was set", Object.assign(new Error("x"), { name: secret })],
  ["whose code is no word", Object.assign(new Error("x"), { code: `two ${secret}` })],
  ["of a parser", parseFailure()],
  ["of a bug", new TypeError(`Cannot read properties of undefined (reading '${secret}')`)],
  ["with properties", Object.assign(new Error("x"), { parameters: [secret], payload: { secret }, path: secret })],
  ["that is text", secret],
  ["that is an object", { message: secret, stack: secret }],
  ["that cannot be read", new Proxy(new Error(secret), { get: () => fail(secret) })],
  ["below others", new Fault("own", { cause: new Error("x", { cause: driverError(1, secret) }) })],
  ["among several", new AggregateError([new Error(secret), driverError(1062)], secret)],
  ["whose cause is text", new Error("x", { cause: secret })],
  [
    "with a value in its statement",
    new QueryFailedError(`SELECT '${secret}', 'it''s \\' ${secret}`, [], driverError(1)),
  ],
])("an error %s shows nothing of it", (_, error) => {
  expect(text(serializeError(error))).not.toContain(secret);
  expect(describeError(error)).not.toContain(secret);
});

function fail(message: string): never {
  throw new Error(message);
}

function parseFailure(): unknown {
  try {
    return JSON.parse(`{"a": ${secret}}`);
  } catch (error) {
    return error;
  }
}

test("the service's own texts are shown, and of refusals those that never change", () => {
  expect(serializeError(new Fault("the node is not ready"))).toMatchObject({ message: "the node is not ready" });
  expect(serializeError(refuse.conflictRetry())).toMatchObject({
    type: "Refusal",
    reason: "CONFLICT_RETRY",
    message: "Concurrent writes conflicted; nothing was changed. Retry.",
  });
  const { message, reason } = serializeError(refuse.roleNotFound(secret));
  expect({ message, reason }).toEqual({ message: undefined, reason: "ROLE_NOT_FOUND" });
  expect(describeError(new Refusal("ROLE_NOT_FOUND", 'Role "x" is gone'))).toBe('Role "x" is gone');
});

test("causes and several errors are followed, and a circle ends", () => {
  const refused = Object.assign(new Error(secret), {
    code: "ECONNREFUSED",
    address: "127.0.0.1",
    port: 1,
    syscall: "connect",
  });
  const several = Object.assign(new AggregateError([refused], ""), { code: "ECONNREFUSED" });
  const top: Error = new Fault("The issuer cannot be read", { cause: several });
  several.cause = top;
  const connection = {
    type: "Error",
    message: "the connection was refused",
    code: "ECONNREFUSED",
    syscall: "connect",
    address: "127.0.0.1",
    port: 1,
  };
  expect(serializeError(top)).toMatchObject({
    message: "The issuer cannot be read",
    cause: { type: "AggregateError", errors: [connection] },
  });
  expect(describeError(new Fault("The issuer cannot be read", { cause: refused }))).toBe(
    "The issuer cannot be read: connect 127.0.0.1:1: the connection was refused (ECONNREFUSED)",
  );
});

test("a line has an end, however long the statement and however many causes there are", () => {
  let error: Error = driverError(1064, secret.repeat(20_000));
  for (let depth = 0; depth < 50; depth += 1) {
    const next = new Error("\u0007".repeat(5000), { cause: error });
    rememberStatement(next, `INSERT INTO t VALUES ${"(?, ?), ".repeat(5000)}(?, ?) -- ${"\u009b".repeat(9000)}`);
    error = next;
  }
  const lines: string[] = [];
  createLogger("info", { write: (line) => void lines.push(line) }).error({ err: error }, "failed");
  expect(Buffer.byteLength(lines.join(""))).toBeLessThan(8192);
  expect(lines.join("")).toContain("INSERT INTO t VALUES ?, …");
  expect(lines.join("")).not.toContain("\u009b");
});

test("a log takes no text of an error where it is given no other", () => {
  const lines: string[] = [];
  const log = createLogger("trace", { write: (line) => void lines.push(line) });
  log.error(new Error(secret));
  log.warn({ err: new Error(secret) });
  log.info({ some: "thing" });
  log.info({ some: "thing" }, "own text");
  expect(lines.join("")).not.toContain(secret);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    "error",
    "error",
    "error",
    "own text",
  ]);
  expect(pino.stdSerializers.err(new Error(secret)).message).toBe(secret); // what it would take otherwise
});

/** The value of the statements, or its bytes. */
const repeated = /€é1|e282acc3a931/i;

test.each(servers)("what $name says of a statement with values is not repeated", async (server) => {
  const database = await server.create();
  const connection = await connectTo(database.url);
  try {
    await connection.query("CREATE TABLE t (a varchar(3) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY)");
    const failures = new Map<string, number>();
    const failing = async (sql: string, values: unknown[]) => {
      const error: unknown = await connection.query(sql, values).catch((failure: unknown) => failure);
      failures.set(String(serializeError(error).message), present(serializeError(error).errno));
      expect(text(Object.entries(error as object))).toMatch(repeated);
      expect(text(serializeError(error))).not.toMatch(repeated);
    };
    await failing("INSERT INTO t VALUES (?)", ["€é1"]);
    await failing("INSERT INTO t VALUES (?)", ["x€é1".repeat(50)]);
    await failing("INSERT INTO t VALUES (?)(", ["€é1"]);
    await failing("INSERT INTO `€é1` VALUES (?)", ["€é1"]);
    expect([...failures.values()]).toEqual(expect.arrayContaining([1064, 1146]));
    expect([...failures.keys()]).not.toContain("undefined");
  } finally {
    connection.destroy();
    await database.drop();
  }
});
