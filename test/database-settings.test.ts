import { mkdirSync, writeFileSync } from "node:fs";
import { ConfigError, describeConfig, readConfig } from "../src/config/config";
import { settingOf } from "../src/config/database-settings";
import { newAuthority } from "./support/authority";
import { temporaryFolder } from "./support/temporary";

const { fileOf, newName } = temporaryFolder();
const secret = "s3cret";
const url = `mysql://u5er:${secret}@db/roles`;

const faultsOf = (variables: Record<string, string>): readonly string[] => {
  try {
    readConfig(variables, { serves: false });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error("the configuration was accepted");
};

let ca: string;
let cert: string;
let key: string;
let otherKey: string;
beforeAll(async () => {
  const authority = await newAuthority();
  const [pair, other] = [await authority.issue({ commonName: "one" }), await authority.issue({ commonName: "two" })];
  [ca, cert, key, otherKey] = [authority.certificate, pair.certificate, pair.key, other.key].map(fileOf) as [
    string,
    string,
    string,
    string,
  ];
});

test("every option is a parameter of the URL or a setting", () => {
  const options = { sslMode: "VERIFY_IDENTITY", sslCa: ca, sslCert: cert, sslKey: key, connectTimeout: 250 };
  const server = {
    kind: "mysql",
    hosts: [{ host: "db", port: 3306 }],
    user: "u5er",
    password: secret,
    database: "roles",
    ...options,
  };
  const settings = {
    [settingOf.sslMode]: "verify_identity",
    [settingOf.sslCa]: ca,
    [settingOf.sslCert]: cert,
    [settingOf.sslKey]: key,
    [settingOf.connectTimeout]: "250",
  };
  const parameters = `ssl-mode=verify_identity&ssl-ca=${ca}&ssl-cert=${cert}&ssl-key=${key}&connect-timeout-ms=250`;
  for (const config of [
    readConfig({ ORGROLES_DATABASE_URL: url, ...settings }),
    readConfig({ ORGROLES_DATABASE_URL: `${url}?${parameters}` }),
    readConfig({ ORGROLES_DATABASE_URL: `${url}?${parameters}`, ...settings }),
  ]) {
    expect(config.database).toEqual(server);
    expect(describeConfig(config)).toMatchObject({ database: "mysql://db:3306/roles", databaseConnection: options });
    expect(JSON.stringify(describeConfig(config))).not.toMatch(/s3cret|u5er/);
  }
  const socket = { ORGROLES_DATABASE_URL: "mysql://localhost/roles", ORGROLES_DATABASE_SOCKET: "/run/s.sock" };
  expect(readConfig(socket).database).toMatchObject({ socket: "/run/s.sock" });
});

test("blanks and line ends around any value do not count, as files with secrets have them", () => {
  const digest = "5".repeat(64);
  const config = readConfig({
    ORGROLES_DATABASE_URL: `\uFEFF ${url}?ssl-mode=REQUIRED\r\n`,
    ORGROLES_ADDRESS: "\t127.0.0.1:0\n",
    ORGROLES_DATABASE_CONNECT_TIMEOUT_MS: "700\n",
    ORGROLES_CREDENTIALS: `- { name: backend, token_sha256: "${digest}\\n", action: read, environments: "*" }\r\n`,
    ORGROLES_CONFIG_FILE: `${fileOf(`environments: |\n  alpha\nlog_level: "warn \\n"\ndatabase_ssl_mode: " required\\r\\n"\n`)}\n`,
  });
  expect(config).toMatchObject({
    port: 0,
    environments: ["alpha"],
    logLevel: "warn",
    database: { password: secret, database: "roles", sslMode: "REQUIRED", connectTimeout: 700 },
    credentials: [{ tokenDigests: [Buffer.from(digest, "hex")] }],
  });
});

test("a setting that says something else than the URL is refused", () => {
  const variables = { ORGROLES_DATABASE_URL: `${url}?ssl-mode=REQUIRED`, ORGROLES_DATABASE_SSL_MODE: "DISABLED" };
  expect(faultsOf(variables)).toEqual([
    "ORGROLES_DATABASE_SSL_MODE: contradicts ssl-mode in ORGROLES_DATABASE_URL; set only one of them",
  ]);
});

test.each<[string, Record<string, string>, string[]]>([
  [
    "with SQLite",
    { ORGROLES_DATABASE_URL: "sqlite:x.db", ORGROLES_DATABASE_SSL_MODE: "REQUIRED" },
    ["ORGROLES_DATABASE_SSL_MODE: requires a database server in ORGROLES_DATABASE_URL"],
  ],
  [
    "with a mode that there is not",
    { ORGROLES_DATABASE_URL: url, ORGROLES_DATABASE_SSL_MODE: "TRUE" },
    ["ORGROLES_DATABASE_SSL_MODE: must be one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"],
  ],
  [
    "to verify without an authority",
    { ORGROLES_DATABASE_URL: `${url}?ssl-mode=VERIFY_CA` },
    ["ORGROLES_DATABASE_URL: parameter ssl-mode requires ORGROLES_DATABASE_SSL_CA_FILE, or ssl-ca in the URL"],
  ],
  [
    "with a socket beside another machine",
    { ORGROLES_DATABASE_URL: url, ORGROLES_DATABASE_SOCKET: "/run/s.sock" },
    ["ORGROLES_DATABASE_URL: must have the host localhost, or none, beside a Unix socket (ORGROLES_DATABASE_SOCKET)"],
  ],
  [
    "with an empty path",
    { ORGROLES_DATABASE_URL: url, ORGROLES_DATABASE_SSL_CA_FILE: " " },
    ["ORGROLES_DATABASE_SSL_CA_FILE: must be the path of a file"],
  ],
])("%s TLS and sockets are refused", (_, variables, faults) => {
  expect(faultsOf(variables)).toEqual(faults);
});

function newFolder(): string {
  const name = newName("folder");
  mkdirSync(name);
  writeFileSync(`${name}/ca.pem`, "");
  return name;
}

describe("a file for TLS", () => {
  const setting = "ORGROLES_DATABASE_SSL_CA_FILE";
  const withCa = (file: string) => faultsOf({ ORGROLES_DATABASE_URL: url, [setting]: file });

  test.each<[string, () => string, string]>([
    ["does not exist", () => "/nowhere/ca.pem", "does not exist"],
    ["is a folder", () => newFolder(), "is a folder"],
    ["is empty", () => fileOf(""), "contains no certificate in PEM"],
    ["is something else", () => fileOf(`password: ${secret}`), "contains no certificate in PEM"],
    ["is a key", () => key, "contains a private key where a certificate is needed"],
    [
      "is damaged",
      () => fileOf(`-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----\n`),
      "contains a certificate that cannot be read, the one with the number 1",
    ],
  ])("that %s is refused with its name, and nothing of it is repeated", (_, make, fault) => {
    const file = make();
    expect(withCa(file)).toEqual([`${setting}: ${file} ${fault}`]);
    expect(faultsOf({ ORGROLES_DATABASE_URL: `${url}?ssl-ca=${file}` })).toEqual([
      `ORGROLES_DATABASE_URL: parameter ssl-ca ${file} ${fault}`,
    ]);
  });

  test("is refused together with all other faults", () => {
    const variables = { ORGROLES_DATABASE_URL: "mysql://x", [setting]: "/nowhere/ca.pem", ORGROLES_MIGRATE: "x" };
    expect(faultsOf(variables).map((fault) => fault.split(":")[0])).toEqual([
      "ORGROLES_DATABASE_URL",
      "ORGROLES_MIGRATE",
      setting,
    ]);
  });

  test("belongs to the other of certificate and key", () => {
    const pair = (certFile: string, keyFile: string) =>
      faultsOf({ ORGROLES_DATABASE_URL: `${url}?ssl-cert=${certFile}`, ORGROLES_DATABASE_SSL_KEY_FILE: keyFile });
    expect(pair(cert, otherKey)).toEqual([
      `ORGROLES_DATABASE_SSL_KEY_FILE: ${otherKey} is not the key of the certificate`,
    ]);
    expect(pair(cert, cert)).toEqual([`ORGROLES_DATABASE_SSL_KEY_FILE: ${cert} contains no private key in PEM`]);
    expect(pair(key, key)).toEqual([
      `ORGROLES_DATABASE_URL: parameter ssl-cert ${key} contains a private key where a certificate is needed`,
    ]);
    expect(faultsOf({ ORGROLES_DATABASE_URL: url, ORGROLES_DATABASE_SSL_CERT_FILE: cert })).toEqual([
      "ORGROLES_DATABASE_SSL_CERT_FILE: requires ORGROLES_DATABASE_SSL_KEY_FILE, or ssl-key in the URL",
    ]);
    expect(faultsOf({ ORGROLES_DATABASE_URL: `${url}?ssl-key=${key}` })).toEqual([
      "ORGROLES_DATABASE_URL: parameter ssl-key requires ORGROLES_DATABASE_SSL_CERT_FILE, or ssl-cert in the URL",
    ]);
  });
});
