import mysql, { type PoolConnection, type RowDataPacket } from "mysql2";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { ConnectionSettings } from "../../src/persistence/connection/connection-settings";
import { promiseQuickly } from "../../src/persistence/connection/quick-promises";
import { destroyWhenHung } from "../../src/persistence/connection/statement-timeout";
import { type TestDatabase, servers } from "../support/engines";

const codeOf = (connection: PoolConnection, options: mysql.QueryOptions) =>
  new Promise<unknown>((resolve) => connection.query(options, (error) => resolve(error?.code)));

describe.each(servers)("connections of a pool on $name", (engine) => {
  let database: TestDatabase;
  let pool: mysql.Pool;
  const open: PoolConnection[] = [];
  beforeAll(async () => {
    database = await engine.create();
    pool = mysql.createPool({ uri: database.url, connectionLimit: 10 });
  });
  afterEach(() => {
    for (const connection of open.splice(0)) connection.destroy();
  });
  afterAll(async () => {
    await promisify(pool.end.bind(pool))();
    await database?.drop();
  });
  const connect = async () => {
    const connection = await promisify(pool.getConnection.bind(pool))();
    connection.on("error", () => undefined);
    open.push(connection);
    const send = async (sql: string) => (await connection.promise().query<RowDataPacket[]>(sql))[0];
    await (await ConnectionSettings.of(send)).apply(send);
    await send("SET @@SESSION.session_track_system_variables = ''"); // what it reports differs between connections
    return connection;
  };

  test.each([
    "SELECT 1 AS one, 'a' AS text, NULL AS absent",
    "SELECT 1 AS one WHERE 1 = 0",
    "SET @variable = 1",
    "SELECT absent FROM nowhere",
    "no SQL",
  ])("have quick promises that settle as mysql2's own do: %s", async (sql) => {
    const [quick, plain] = [await connect(), await connect()];
    promiseQuickly(quick);
    const outcomes = await Promise.all(
      [quick, plain].map((connection) =>
        connection
          .promise()
          .query<RowDataPacket[]>(sql)
          .then(
            ([rows]) => ({ rows }),
            ({ code, errno, message }: mysql.QueryError) => ({ code, errno, message }),
          ),
      ),
    );
    expect(outcomes[0]).toEqual(outcomes[1]);
  });

  test("end a hung statement as mysql2's own timeout does, and run none after it", async () => {
    const [watched, plain] = [await connect(), await connect()];
    destroyWhenHung(watched, 300);
    const start = performance.now();
    const sql = "SELECT SLEEP(1)";
    const destroyed = codeOf(plain, { sql, timeout: 300 }).then((code) => {
      plain.destroy();
      return code;
    });
    const codes = await Promise.all([codeOf(watched, { sql }), destroyed]);
    expect(codes).toEqual(["PROTOCOL_SEQUENCE_TIMEOUT", "PROTOCOL_SEQUENCE_TIMEOUT"]);
    expect(performance.now() - start).toBeLessThan(950);
    const after = new Promise<unknown>((resolve) => watched.query("SELECT 1", (error) => resolve(error?.message)));
    expect(await after).toMatch(/closed state/);
  });

  test("let statements pass whose responses come in time, however long they take together", async () => {
    const connection = await connect();
    destroyWhenHung(connection, 600);
    const slept = Array.from(
      { length: 4 },
      () => new Promise<unknown>((resolve) => connection.query("SELECT SLEEP(0.3) AS s", (_, rows) => resolve(rows))),
    );
    expect(await Promise.all(slept)).toEqual(Array.from({ length: 4 }, () => [{ s: 0 }]));
  });

  test("fail every statement that waits behind a hung one", async () => {
    const connection = await connect();
    destroyWhenHung(connection, 300);
    const codes = ["SELECT SLEEP(1)", "SELECT 1", "SELECT 2"].map(
      (sql) => new Promise<unknown>((resolve) => connection.query(sql, (error) => resolve(error?.code))),
    );
    expect(await Promise.all(codes)).toEqual(Array.from({ length: 3 }, () => "PROTOCOL_SEQUENCE_TIMEOUT"));
  });
});
