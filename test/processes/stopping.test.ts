import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import { connectTo } from "../support/connection";
import { type TestDatabase, engines } from "../support/engines";
import { startCommand } from "../support/command";
import { startMuteServer } from "../support/mute-server";
import { type ServiceProcess, startProcess } from "../support/process";
import { present } from "../support/stage";
import { until } from "../support/until";

const mariadb = engines.find(({ name }) => name === "mariadb");
const sqlite = engines.find(({ name }) => name === "sqlite");
const waits = /Another process is migrating the database: this one waits .+ takes over .+ 15 seconds/;

let database: TestDatabase;
let service: ServiceProcess | undefined;
beforeEach(async () => {
  database = await present(mariadb).create();
});
afterEach(async () => {
  await service?.end("SIGKILL");
  service = undefined;
  await database?.drop();
});

async function statement(sql: string): Promise<mysql.RowDataPacket[]> {
  const connection = await connectTo(database.url);
  try {
    const [rows] = await connection.query<mysql.RowDataPacket[]>(sql);
    return rows;
  } finally {
    connection.destroy();
  }
}

/** Takes the lease of the migrations as a process does that says nothing any more. */
async function takeLease(): Promise<void> {
  await statement(
    "CREATE TABLE leases (name varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL," +
      " holder varchar(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, beat bigint NOT NULL, PRIMARY KEY (name))" +
      " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
  );
  await statement("INSERT INTO leases VALUES ('migrations', 'another', 1)");
}

/** Ends it by one signal, and returns the code if that takes no longer than it may. */
async function endPromptly(running: Pick<ServiceProcess, "end">, signal: NodeJS.Signals): Promise<number | null> {
  const late = Symbol("late");
  const code = await Promise.race([running.end(signal), sleep(3000, late, { ref: false })]);
  if (code === late) throw new Error(`${signal} did not end it in 3 s`);
  return code;
}

describe.each(["1", "2"])("a service of %s processes ends by one signal", (workers) => {
  const settings = () => ({ ORGROLES_DATABASE_URL: database.url, ORGROLES_WORKERS: workers });

  test("while another process migrates, which it says once", async () => {
    await takeLease();
    service = await startProcess(settings());
    const lines = () => service?.output().match(/^\{.*Another process is migrating.*/gm) ?? [];
    await until("all say it", async () => lines().length === Number(workers) || undefined);
    expect(service.output()).toMatch(/^Not ready; retrying: /m);
    await sleep(500);
    expect(lines()).toEqual(Array(Number(workers)).fill(expect.stringMatching(waits)));
    expect(await endPromptly(service, "SIGTERM")).toBe(0);
  });

  test("while it connects to a host that swallows packets", async () => {
    const mute = await startMuteServer();
    try {
      service = await startProcess({
        ...settings(),
        ORGROLES_DATABASE_URL: `mysql://root@127.0.0.1:${mute.port}/roles?connect-timeout-ms=60000`,
      });
      expect(await endPromptly(service, "SIGINT")).toBe(0);
    } finally {
      await mute.stop();
    }
  });

  test("in the pause between two tries", async () => {
    service = await startProcess({ ...settings(), ORGROLES_DATABASE_URL: "mysql://root@127.0.0.1:1/roles" });
    await sleep(1500);
    expect(await endPromptly(service, "SIGTERM")).toBe(0);
  });
});

test("a service on SQLite ends by one signal while another process migrates", async () => {
  const file = await present(sqlite).create();
  const Driver = require("libsql") as new (name: string) => { exec(sql: string): void; close(): void };
  const open = new Driver(file.url.slice("sqlite:".length));
  open.exec(
    "CREATE TABLE leases (name varchar(32) NOT NULL, holder varchar(36) NOT NULL, beat bigint NOT NULL, PRIMARY KEY (name));" +
      "INSERT INTO leases VALUES ('migrations', 'another', 1)",
  );
  open.close();
  const running = startCommand(["serve"], { ORGROLES_DATABASE_URL: file.url });
  await until("it says so", async () => waits.test(running.output()) || undefined);
  expect(await endPromptly(running, "SIGTERM")).toBe(0);
  expect(running.output()).not.toMatch(/abort/i);
  await file.drop();
});

const start = (url = database.url) => startCommand(["migrate"], { ORGROLES_DATABASE_URL: url });

describe("migrate ends by one signal", () => {
  const notDone = /^Stopped by a signal: the migrations are not complete\..+$/m;

  test.each<NodeJS.Signals>(["SIGTERM", "SIGINT"])("while another process migrates: %s", async (signal) => {
    await takeLease();
    const running = start();
    await until("it says so", async () => waits.test(running.output()) || undefined);
    expect(await endPromptly(running, signal)).toBe(1);
    expect(running.output()).toMatch(notDone);
    expect(await statement("SELECT holder FROM leases")).toEqual([{ holder: "another" }]);
  });

  test("while it connects to a host that swallows packets", async () => {
    const mute = await startMuteServer();
    const running = start(`mysql://root@127.0.0.1:${mute.port}/roles?connect-timeout-ms=60000`);
    await until("it connects", async () => mute.accepted() > 0 || undefined);
    expect(await endPromptly(running, "SIGTERM")).toBe(1);
    expect(running.output()).toMatch(notDone);
    await mute.stop();
  });

  test("after the statement under way, leaving the lease to the next one, which does the rest", async () => {
    expect(await start().ended).toBe(0);
    await statement("DELETE FROM migrations WHERE name LIKE 'SweepIndex%'");
    await statement("DROP INDEX successions_sweep ON successions");
    const holder = await connectTo(database.url);
    try {
      await holder.query("START TRANSACTION");
      await holder.query("SELECT * FROM successions"); // keeps the table from being altered
      const running = start();
      const waiting =
        "SELECT info FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE '%metadata lock%'";
      await until("a statement waits", async () => (await statement(waiting)).length > 0 || undefined);
      const ended = running.end("SIGTERM");
      expect(await Promise.race([ended, sleep(700, "at work")])).toBe("at work");
      await holder.query("ROLLBACK");
      expect(await ended).toBe(1);
      expect(running.output()).toMatch(notDone);
    } finally {
      holder.destroy();
    }
    expect(await statement("SELECT holder FROM leases WHERE name = 'migrations'")).toEqual([{ holder: "" }]);
    expect(await start().ended).toBe(0);
  });
});
