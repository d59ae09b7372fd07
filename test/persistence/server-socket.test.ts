import path from "node:path";
import { pino } from "pino";
import { openServer } from "../../src/persistence/connection/open-server";
import { createDatabase } from "../../src/persistence/connection/open-database";
import { type MysqlUrl, parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { runCommand } from "../support/command";
import { type PrivateServer, startPrivateServer } from "../support/servers";
import { temporaryFolder } from "../support/temporary";
import { until } from "../support/until";

const { folder } = temporaryFolder();
const socket = path.join(folder, "mysqld.sock");

let server: PrivateServer;
beforeAll(async () => {
  server = await startPrivateServer("mariadb", [`--socket=${socket}`]);
});
afterAll(() => server?.stop());

function parsed(text: string): MysqlUrl {
  const result = parseDatabaseUrl(text);
  if (!("value" in result) || result.value.kind !== "mysql") throw new Error(JSON.stringify(result));
  return result.value;
}

test.each(["mysql://root@localhost:1/mysql", "mysql://root@/mysql", "mariadb:///mysql"])(
  "%s with a socket goes through the socket, for pool and monitor",
  async (url) => {
    const { dataSource, monitor } = await openServer(parsed(`${url}?socket=${socket}`), { poolSize: 1, timeout: 5000 });
    try {
      const sql = "SELECT COUNT(*) AS local FROM information_schema.processlist WHERE host = 'localhost'";
      expect(await dataSource.query(sql)).toEqual([{ local: 2 }]);
      expect(monitor.host).toBe(socket);
    } finally {
      monitor.close();
      await dataSource.destroy();
    }
  },
);

test("the commands take the socket from the URL or from the setting", async () => {
  const { output } = await runCommand(["migrate", "status"], {
    ORGROLES_DATABASE_URL: "mysql://localhost:1/mysql",
    ORGROLES_DATABASE_SOCKET: socket,
  });
  expect(output).toMatch(/^pending /m);
  const ended = await runCommand(["migrate", "status"], { ORGROLES_DATABASE_URL: `mysql:///mysql?socket=${socket}` });
  expect(ended).toEqual({ code: 2, output });
});

test("a pool is opened anew when its connections can no longer be made as before", async () => {
  const seen: string[] = [];
  const database = createDatabase(parsed(`mysql:///mysql?socket=${socket}`), {
    poolSize: 1,
    timeout: 5000,
    migrate: false,
    log: pino({ level: "silent" }),
    onAvailable: async () => void seen.push("available"),
    onLost: () => void seen.push("lost"),
  });
  expect((await runCommand(["migrate"], { ORGROLES_DATABASE_URL: `mysql:///mysql?socket=${socket}` })).code).toBe(0);
  await database.start();
  try {
    await until("it is there", async () => seen.length === 1 || undefined);
    database.suspect({ code: "ECONNRESET" });
    database.suspect({ code: "ER_SECURE_TRANSPORT_REQUIRED" });
    await until("it is there again", async () => seen.length === 3 || undefined);
    expect(seen).toEqual(["available", "lost", "available"]);
  } finally {
    await database.close();
  }
});
