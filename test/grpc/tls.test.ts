import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { credentials as channels } from "@grpc/grpc-js";
import { pino } from "pino";
import { tokenDigest } from "../../src/auth/authenticator";
import { Certificates } from "../../src/grpc/tls";
import { type Authority, type Pair, newAuthority, selfSigned } from "../support/authority";
import { type TestClient, connect, failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

const token = "orgroles_test-token";
const grant = { action: "read", environments: "*" };
const credentials = [
  { name: "backend", token_sha256: tokenDigest(token).toString("hex"), ...grant },
  { name: "billing", certificate: "billing", ...grant },
  { name: "search", certificate: "DNS:search.internal", ...grant },
  { name: "mesh", certificate: "URI:spiffe://cluster/mesh", ...grant },
];

/** Files of one server, with what they were written from. */
async function newFiles() {
  const folder = mkdtempSync(path.join(tmpdir(), "orgroles-"));
  const files = {
    certificate: path.join(folder, "server.crt"),
    key: path.join(folder, "server.key"),
    clientAuthority: path.join(folder, "clients.crt"),
  };
  const authority = await newAuthority();
  const renew = async (): Promise<Pair> => {
    const pair = await authority.issue({ commonName: "server" });
    writeFileSync(files.certificate, pair.certificate);
    writeFileSync(files.key, pair.key);
    return pair;
  };
  await renew();
  writeFileSync(files.clientAuthority, authority.certificate);
  return { files, authority, renew, remove: () => rmSync(folder, { recursive: true }) };
}

let own: Awaited<ReturnType<typeof newFiles>>;
let service: TestService;
const opened: TestClient[] = [];

const channel = (pair?: Pair) =>
  channels.createSsl(
    Buffer.from(own.authority.certificate),
    pair && Buffer.from(pair.key),
    pair && Buffer.from(pair.certificate),
  );
const bearer = { authorization: `Bearer ${token}` };
const connectAs = (pair?: Pair, headers: Record<string, string> = {}) => {
  const client = connect(service.address, { channel: channel(pair), headers });
  opened.push(client);
  return client;
};
const call = ({ environments }: TestClient) => environments.getEnvironment({ environmentId: "alpha" });

beforeAll(async () => {
  own = await newFiles();
  const settings = {
    ORGROLES_CREDENTIALS: JSON.stringify(credentials),
    ORGROLES_TLS_CERT_FILE: own.files.certificate,
    ORGROLES_TLS_KEY_FILE: own.files.key,
    ORGROLES_TLS_CLIENT_CA_FILE: own.files.clientAuthority,
  };
  const identity = { channel: channel(), headers: bearer };
  service = await startService(present(engines[0]), settings, undefined, identity);
});
afterAll(async () => {
  for (const client of opened) client.close();
  await service?.drop();
  own?.remove();
});

/** What a connection comes to: the version and the server's certificate, or why there is none. */
async function handshake(options: ConnectionOptions = {}) {
  const [host = "", port] = service.address.split(":");
  const ca = own.authority.certificate;
  const socket = connectTls({ host, port: Number(port), ca, ALPNProtocols: ["h2"], ...options });
  try {
    await once(socket, "secureConnect");
    return { protocol: socket.getProtocol(), serial: socket.getPeerX509Certificate()?.serialNumber };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code };
  } finally {
    socket.destroy();
  }
}

describe("the connection", () => {
  test.each(["TLSv1.2", "TLSv1.3"] as const)("may have %s", async (version) => {
    expect(await handshake({ minVersion: version, maxVersion: version })).toMatchObject({ protocol: version });
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("may not have %s", async (version) => {
    // without the security level OpenSSL would not even ask
    const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" } as const;
    expect(await handshake(old)).toEqual({ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
  });

  test("may not be in plain text", async () => {
    const plain = connect(service.address, { headers: bearer });
    opened.push(plain);
    expect(await failureOf(call(plain))).toMatchObject({ code: "UNAVAILABLE", reason: undefined });
  });
});

const from = (authority: Authority, commonName: string, name?: string) =>
  authority.issue({
    commonName,
    ...(name && { alternatives: [{ type: name.includes(":") ? ("url" as const) : ("dns" as const), value: name }] }),
  });

describe("a client", () => {
  test.each<[string, () => Promise<Pair>]>([
    ["the common name of a credential", () => from(own.authority, "billing")],
    ["the DNS name of a credential", () => from(own.authority, "any", "search.internal")],
    ["the URI of a credential", () => from(own.authority, "any", "spiffe://cluster/mesh")],
  ])("with %s is known by its certificate", async (_, make) => {
    expect((await call(connectAs(await make()))).environment?.id).toBe("alpha");
  });

  test.each<[string, string, () => Promise<Pair | undefined>]>([
    ["without a certificate", "CREDENTIALS_MISSING", async () => undefined],
    ["that signs for itself", "CREDENTIALS_MISSING", () => selfSigned("billing")],
    ["of another authority", "CREDENTIALS_MISSING", async () => from(await newAuthority(), "billing")],
    ["of another name", "CREDENTIALS_INVALID", () => from(own.authority, "payments")],
    ["of another case", "CREDENTIALS_INVALID", () => from(own.authority, "Billing")],
    ["with a DNS name where a common name is wanted", "CREDENTIALS_INVALID", () => from(own.authority, "x", "billing")],
  ])("%s is nobody", async (_, reason, make) => {
    expect(await failureOf(call(connectAs(await make())))).toMatchObject({ code: "UNAUTHENTICATED", reason });
  });

  test("of another authority of the same name does not even get a connection, or is nobody", async () => {
    const impostor = await newAuthority(own.authority.name);
    const { code } = await failureOf(call(connectAs(await from(impostor, "billing"))));
    expect(["UNAVAILABLE", "UNAUTHENTICATED"]).toContain(code);
  });

  test("needs no certificate when it has a token, and no good one", async () => {
    for (const pair of [undefined, await selfSigned("billing")])
      expect((await call(connectAs(pair, bearer))).environment?.id).toBe("alpha");
  });
});

test("new certificates are in use soon, and no call is lost meanwhile", async () => {
  const client = connectAs(undefined, bearer);
  const before = await handshake();
  const authority = await newAuthority();
  writeFileSync(own.files.clientAuthority, authority.certificate);
  await own.renew();
  const after = await until("another certificate is shown", async () => {
    await Promise.all([call(client), call(client), call(client)]);
    const seen = await handshake();
    return seen.serial === before.serial ? undefined : seen;
  });
  expect(after).toMatchObject({ protocol: "TLSv1.3", serial: expect.any(String) });
  expect((await call(client)).environment?.id).toBe("alpha");
  const renewed = await authority.issue({ commonName: "billing" });
  expect((await call(connectAs(renewed))).environment?.id).toBe("alpha");
  const outdated = await own.authority.issue({ commonName: "billing" });
  expect(await failureOf(call(connectAs(outdated)))).toMatchObject({ reason: "CREDENTIALS_MISSING" });
});

describe("the files", () => {
  let given: Awaited<ReturnType<typeof newFiles>>;
  let certificates: Certificates | undefined;
  const logged: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => logged.push(line) });
  beforeEach(async () => {
    given = await newFiles();
    logged.length = 0;
  });
  afterEach(() => {
    certificates?.close();
    given.remove();
  });

  /** The certificates that are in use, one after the other. */
  const inUse = async () => {
    const seen: string[] = [];
    certificates = await Certificates.open(given.files, log);
    certificates.addIdentityCertificateListener((update) => seen.push(String(update?.certificate)));
    return seen;
  };

  test("stay in use while the new ones are half written", async () => {
    const seen = await inUse();
    const next = await given.authority.issue({ commonName: "server" });
    writeFileSync(given.files.certificate, next.certificate);
    await certificates?.reload();
    expect(seen).toHaveLength(1);
    expect(logged.join("")).toContain("cannot be used; those before stay in use");
    expect(logged.join("")).not.toContain("PRIVATE KEY");
    writeFileSync(given.files.key, next.key);
    await certificates?.reload();
    expect(seen.slice(1)).toEqual([next.certificate]);
    await certificates?.reload();
    expect(seen).toHaveLength(2);
  });

  test.each([
    ["an empty certificate", "certificate", ""],
    ["a key that is none", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
    ["an empty authority, which would trust nobody", "clientAuthority", ""],
    ["half an authority", "clientAuthority", "-----BEGIN CERTIFICATE-----\nMIIB"],
  ] as const)("are refused at start, and left alone later, with %s", async (_, file, content) => {
    const seen = await inUse();
    writeFileSync(given.files[file], content);
    await certificates?.reload();
    expect(seen).toHaveLength(1);
    await expect(Certificates.open(given.files, log)).rejects.toThrow(/^The files for TLS cannot be used \(.+\): ./);
  });

  test("of clients must be of an authority", async () => {
    writeFileSync(given.files.clientAuthority, (await given.authority.issue({ commonName: "x" })).certificate);
    await expect(Certificates.open(given.files, log)).rejects.toThrow(/clients\.crt is not the certificate of an auth/);
  });
});
