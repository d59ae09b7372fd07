import { writeFileSync } from "node:fs";
import path from "node:path";
import { ConfigError, describeConfig, readConfig } from "../src/config/config";
import { describeFileFault, isPrintable, looksLikePath, escapeUnseen } from "../src/display/shown-text";
import { temporaryFolder } from "./support/temporary";
import { faultsOf } from "./support/config-faults";

const { folder, fileOf } = temporaryFolder();

const key = `-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n`;
const token = "orgroles_s3cretAbCdEf0123456789-_AbCdEf0123456789";
const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzM2NyZXQifQ.s3cret";
const pasted: [string, string, RegExp][] = [
  ["a key", key, /must be the path of a file; its value contains line breaks$/],
  ["a key in one line", key.replaceAll("\n", " "), /must be the path of a file, not its content$/],
  ["a token", token, /names a file that does not exist; its value does not look like a path and is not shown$/],
  ["a token of an issuer", jwt, /is not shown$/],
  ["JSON", '{"password":"s3cret"}', /is not shown$/],
  ["base64", `/${"s3cret01".repeat(8)}==`, /is not shown$/],
  ["something long", `/${"s3cret/".repeat(60)}`, /its value is longer than 255 characters$/],
  ["a path with an escape", "/tmp/s3cret\u001b[2J", /is not shown$/],
  ["a path that reads from right to left", "/tmp/\u202es3cret", /is not shown$/],
  ["a path with a zero", "/tmp/s3cret\0", /is not shown$/],
];

describe.each([
  "ORGROLES_TLS_CERT_FILE",
  "ORGROLES_TLS_KEY_FILE",
  "ORGROLES_TLS_CLIENT_CA_FILE",
  "ORGROLES_CONFIG_FILE",
])("%s", (name) => {
  test.each(pasted)("that is %s is not repeated", (_, value, fault) => {
    const faults = faultsOf({ [name]: value });
    expect(faults[0]).toMatch(new RegExp(`^${name}: `));
    expect(faults[0]).toMatch(fault);
    expect(faults.join("\n")).not.toMatch(/s3cret|\u202e|eyJ/);
  });

  test("that is a path is", () => {
    const missing = path.join(folder, "some folder", "server-1.key");
    expect(faultsOf({ [name]: missing })[0]).toBe(`${name}: ${missing} does not exist`);
  });
});

test.each([
  ["ORGROLES_TOKEN_abc123s3cret", "ORGROLES_TOKEN_…: is not a setting"],
  ["ORGROLES_s3cret", "ORGROLES_…: is not a setting"],
  [`ORGROLES_${token}`, "ORGROLES_…: is not a setting"],
  ["ORGROLES_\u009bX", "ORGROLES_…: is not a setting"],
  ["ORGROLES_ADRESS", "ORGROLES_ADRESS: is not a setting; did you mean ORGROLES_ADDRESS?"],
])("the variable %j is not repeated unless it is a name", (name, fault) => {
  expect(faultsOf({ [name]: "x" })).toEqual([fault]);
});

test.each([
  [`${token}: x`, "one of the keys is not a setting"],
  [`? |\n  ${key.replaceAll("\n", "\n  ")}\n: x`, "one of the keys is not a setting"],
  ['"adress\\u202E": x', "one of the keys is not a setting"],
  ["adress: x", "adress is not a setting; did you mean address?"],
])("a key of the file is not repeated unless it is a name: %j", (content, fault) => {
  expect(faultsOf({ ORGROLES_CONFIG_FILE: fileOf(content) })).toEqual([`ORGROLES_CONFIG_FILE: ${fault}`]);
});

test.each([
  ["a token where a digest belongs", [{ name: "a", token_sha256: token, action: "read", environments: "*" }]],
  ["a token as a field", [{ name: "a", [token]: "x", action: "read", environments: "*" }]],
  ["a token as an action", [{ name: "a", token_sha256: "5".repeat(64), action: token, environments: "*" }]],
  ["a key as a certificate", [{ name: "a", certificate: key, action: "read", environments: "*" }]],
  ["nothing but a token", token],
])("credentials with %s repeat nothing", (_, credentials) => {
  const faults = faultsOf({ ORGROLES_CREDENTIALS: JSON.stringify(credentials) });
  expect(faults.join("\n")).toMatch(/^ORGROLES_CREDENTIALS/);
  expect(faults.join("\n")).not.toMatch(/s3cret|BEGIN/);
});

test("every setting takes a token without repeating it, or takes it", () => {
  const { settings } = jest.requireActual<{ settings: readonly { name: string }[] }>("../src/config/settings");
  expect(settings.length).toBeGreaterThan(25);
  for (const { name } of settings) {
    let said = "";
    try {
      readConfig({ [name]: `${token}\u009b` });
    } catch (error) {
      said = error instanceof ConfigError ? error.message : "another error";
    }
    expect(said).not.toMatch(/s3cret|another error|\u009b/);
  }
});

const rule = "must be a URL with https://, or with http:// on this machine";
const isIssuer = (ORGROLES_JWT_ISSUER: string) => ({ ORGROLES_JWT_ISSUER, ORGROLES_JWT_AUDIENCE: "x" });
const hasKeys = (ORGROLES_JWT_JWKS_URL: string) => ({ ...isIssuer("https://a.example"), ORGROLES_JWT_JWKS_URL });
test.each([
  ["has a password", "https://app:s3cret@login.example.com", "must not contain a user or a password"],
  ["has a user", "https://s3cret@login.example.com", "must not contain a user or a password"],
  ["only begins like this machine", "http://127.0.0.1:s3cret@login.example.com", rule],
  ["only looks like this machine", "http://localhost.s3cret.com", rule],
  ["has a line break", "https://login.example.com/\ns3cret", rule],
  ["has a control character", "https://login.example.com/\u009bs3cret", rule],
  ["has no host", "https:s3cret", rule],
  ["is a token", token, rule],
])("a URL of an issuer that %s is refused, and not repeated", (_, url, fault) => {
  expect(faultsOf(isIssuer(url))).toEqual([`ORGROLES_JWT_ISSUER: ${fault}`]);
  expect(faultsOf(hasKeys(url))).toEqual([`ORGROLES_JWT_JWKS_URL: ${fault}`]);
});

test("an issuer has no query, and the one of its keys is not shown", () => {
  expect(faultsOf(isIssuer("https://login.example.com/?s3cret"))).toEqual([
    "ORGROLES_JWT_ISSUER: must not contain a query or a fragment",
  ]);
  const shown = describeConfig(readConfig(hasKeys("https://login.example.com/keys?code=s3cret")));
  expect(shown).toMatchObject({ jwt: { issuer: "https://a.example", jwksUrl: "https://login.example.com/keys?…" } });
  expect(describeConfig(readConfig({}))).not.toHaveProperty("jwt.issuer");
});

test.each([
  "/etc/tls/server.crt",
  "./key",
  "../a b/c",
  "~/tls/key.pem",
  "server.pem",
  "tls/clients.crt",
  "/run/secrets/x",
])("%j is a path", (value) => {
  expect(looksLikePath(value)).toBe(true);
  expect(describeFileFault(value, { code: "EISDIR" })).toBe(`${value} is a folder`);
});

test("what a terminal would act on is escaped, and nothing else", () => {
  expect(escapeUnseen("Ann Müller 管理者 👩\nnext")).toBe("Ann Müller 管理者 👩\nnext");
  expect(escapeUnseen("a\u001bb\u009bc\u202ed\u200be\r")).toBe("a\\u{1b}b\\u{9b}c\\u{202e}d\\u{200b}e\\u{d}");
  expect(["a b", "é", "a\tb", "\u2800"].map(isPrintable)).toEqual([true, true, false, false]);
});

test("a file of settings that is no YAML is named, and no line of it shown", () => {
  const file = path.join(folder, "orgroles.yaml");
  writeFileSync(file, `reflection: off\n${key}`);
  expect(faultsOf({ ORGROLES_CONFIG_FILE: file }).join("\n")).not.toContain("s3cret");
});
