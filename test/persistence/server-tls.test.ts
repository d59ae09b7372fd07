import { writeFileSync } from "node:fs";
import type { RowDataPacket } from "mysql2/promise";
import { openServer } from "../../src/persistence/connection/open-server";
import { type MysqlUrl, parseDatabaseUrl } from "../../src/persistence/connection/database-url";
import { ServerTls } from "../../src/persistence/connection/server-tls";
import { type Authority, newAuthority } from "../support/authority";
import { servers } from "../support/engines";
import { type PrivateServer, startPrivateServer } from "../support/servers";
import { temporaryFolder } from "../support/temporary";
import { type TlsServer, byIp, byName, databaseName, password, startTlsServer } from "../support/tls-server";

const { folder, fileOf } = temporaryFolder();
const limits = { poolSize: 1, timeout: 10_000 };

function parsed(text: string): MysqlUrl {
  const result = parseDatabaseUrl(text);
  if (!("value" in result) || result.value.kind !== "mysql") throw new Error(JSON.stringify(result));
  return result.value;
}

/** Whether the pool's connection and the monitor's are encrypted, or why there are none. */
async function outcomeOf(url: MysqlUrl, tls = new ServerTls(url)): Promise<string> {
  try {
    const { dataSource, monitor } = await openServer(url, limits, tls);
    const sql = "SHOW STATUS LIKE 'Ssl_cipher'";
    const [pooled]: { Value: string }[] = await dataSource.query(sql);
    const { connection } = monitor as unknown as {
      connection: { query(text: string): Promise<[RowDataPacket[]]> };
    };
    const [[watching]] = await connection.query(sql);
    monitor.close();
    await dataSource.destroy();
    const kinds = [pooled?.Value, watching?.["Value"]].map((cipher) => (cipher ? "encrypted" : "plain"));
    return kinds[0] === kinds[1] ? (kinds[0] ?? "") : `pool ${kinds[0]}, monitor ${kinds[1]}`;
  } catch (error) {
    return (error as Error).message;
  }
}

const matching = (expected: string | RegExp) =>
  typeof expected === "string" ? expected : (expect.stringMatching(expected) as string);

const untrusted = /certificate is not trusted: name the file of its authority in ssl-ca/;
const wrongName = /certificate is for another name/;
const noTls = /offers no TLS, which ssl-mode=\w+ needs/;

describe.each(servers.map(({ name }) => name as "mariadb" | "mysql"))("TLS to %s", (engine) => {
  let server: TlsServer;
  let stranger: Authority;
  let strangersFile: string;
  beforeAll(async () => {
    server = await startTlsServer(engine, folder);
    stranger = await newAuthority();
    strangersFile = fileOf(stranger.certificate);
  }, 120_000);
  afterAll(() => server?.stop());

  const urlOf = (parameters: Record<string, string>, user = "app", host = "127.0.0.1") =>
    parsed(
      `mysql://${user}:${password}@${host}:${server.port}/${databaseName}?${new URLSearchParams(parameters).toString()}`,
    );

  test.each<[mode: string, trusted: string, stranger: string | RegExp, wrongName: string | RegExp]>([
    ["DISABLED", "plain", "plain", "plain"],
    ["PREFERRED", "encrypted", "encrypted", "encrypted"],
    ["required", "encrypted", "encrypted", "encrypted"],
    ["VERIFY_CA", "encrypted", untrusted, "encrypted"],
    ["Verify_Identity", "encrypted", untrusted, wrongName],
  ])("in the mode %s", async (mode, trusted, other, misnamed) => {
    const url = (ca: string, host?: string) => urlOf({ "ssl-mode": mode, "ssl-ca": ca }, "app", host);
    expect(await outcomeOf(url(server.caFile))).toBe(trusted);
    expect(await outcomeOf(url(strangersFile))).toEqual(matching(other));
    expect(await outcomeOf(url(server.caFile, "localhost"))).toEqual(matching(misnamed));
  });

  test("without a mode is preferred, and verified where a CA is named", async () => {
    expect(await outcomeOf(urlOf({}))).toBe("encrypted");
    expect(await outcomeOf(urlOf({ "ssl-ca": server.caFile }))).toBe("encrypted");
    expect(await outcomeOf(urlOf({ "ssl-ca": strangersFile }))).toMatch(untrusted);
    expect(await outcomeOf(urlOf({ "ssl-mode": "VERIFY_IDENTITY" }))).toMatch(untrusted);
  });

  test("compares the name of the host that is connected to, be it a name or an address", async () => {
    const verified = { "ssl-mode": "VERIFY_IDENTITY", "ssl-ca": server.caFile };
    try {
      await server.present(server.authority, byName);
      expect(await outcomeOf(urlOf(verified, "app", "localhost"))).toBe("encrypted");
      expect(await outcomeOf(urlOf(verified))).toMatch(wrongName);
      expect(await outcomeOf(urlOf(verified, "app", `127.0.0.1:1,127.0.0.1:${server.port},localhost`))).toBe(
        "encrypted",
      );
    } finally {
      await server.present(server.authority, byIp);
    }
  });

  test("takes a bundle of several authorities", async () => {
    const bundle = fileOf(`# ours\r\n${stranger.certificate}\n${server.authority.certificate}`);
    expect(await outcomeOf(urlOf({ "ssl-mode": "VERIFY_IDENTITY", "ssl-ca": bundle }))).toBe("encrypted");
  });

  test("lets in users who need it, with a certificate where they need one", async () => {
    expect(await outcomeOf(urlOf({}, "ssl"))).toBe("encrypted");
    expect(await outcomeOf(urlOf({ "ssl-mode": "DISABLED" }, "ssl"))).toMatch(/If the user needs TLS, set ssl-mode/);
    expect(await outcomeOf(urlOf({}, "x509"))).toMatch(/If the user needs a client certificate, set ssl-cert and/);
    const pair = await server.authority.issue({ commonName: "orgroles" });
    const files = { "ssl-cert": fileOf(pair.certificate), "ssl-key": fileOf(pair.key) };
    expect(await outcomeOf(urlOf({ "ssl-mode": "REQUIRED", ...files }, "x509"))).toBe("encrypted");
    expect(await outcomeOf(urlOf({ "ssl-ca": server.caFile, ...files }, "x509"))).toBe("encrypted");
  });

  test("reads the files again for new connections, and keeps those before while the new ones cannot be used", async () => {
    const file = fileOf(server.authority.certificate);
    const url = urlOf({ "ssl-mode": "VERIFY_CA", "ssl-ca": file });
    const faults: string[] = [];
    const tls = new ServerTls(url, (fault) => faults.push(fault));
    const later = async () => {
      now += 1001;
      return outcomeOf(url, tls);
    };
    let now = 1_000_000;
    const clock = jest.spyOn(performance, "now").mockImplementation(() => now);
    try {
      expect(await later()).toBe("encrypted");
      writeFileSync(file, "half of a certif");
      expect(await later()).toBe("encrypted");
      expect(await later()).toBe("encrypted");
      expect(faults).toEqual([`${file} contains no certificate in PEM`]);
      writeFileSync(file, stranger.certificate);
      expect(await later()).toMatch(untrusted);
      await server.present(stranger, byIp);
      expect(await later()).toBe("encrypted");
    } finally {
      clock.mockRestore();
      await server.present(server.authority, byIp);
    }
  });

  test("is what an error asks for where the server accepts nothing else", async () => {
    await server.statement("SET GLOBAL require_secure_transport = ON");
    try {
      expect(await outcomeOf(urlOf({}))).toBe("encrypted");
      // MariaDB 10 only says that the access is denied
      expect(await outcomeOf(urlOf({ "ssl-mode": "DISABLED" }))).toMatch(
        engine === "mysql" ? /accepts only TLS: set ssl-mode=REQUIRED/ : /If the user needs TLS, set ssl-mode=REQUIRED/,
      );
    } finally {
      await server.statement("SET GLOBAL require_secure_transport = OFF");
    }
  });
});

describe("a server without TLS", () => {
  let server: PrivateServer;
  beforeAll(async () => {
    server = await startPrivateServer("mariadb", ["--skip-ssl"]);
  });
  afterAll(() => server?.stop());

  test.each<[string, string | RegExp]>([
    ["DISABLED", "plain"],
    ["PREFERRED", "plain"],
    ["REQUIRED", noTls],
    ["VERIFY_CA", noTls],
    ["VERIFY_IDENTITY", noTls],
  ])("in the mode %s", async (mode, expected) => {
    const ca = fileOf((await newAuthority()).certificate);
    const url = parsed(`${server.url}/mysql?ssl-mode=${mode}&ssl-ca=${encodeURIComponent(ca)}`);
    expect(await outcomeOf(url)).toEqual(matching(expected));
  });
});
