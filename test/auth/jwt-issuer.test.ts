import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { type JWK, importPKCS8 } from "jose";
import { pino } from "pino";
import { JwtVerifier } from "../../src/auth/jwt";
import { createLogger } from "../../src/observability/log";
import { type Issuer, type IssuerKey, audience, newKey, startIssuer } from "../support/issuer";
import { present } from "../support/stage";

let issuer: Issuer;
let lines: string[];
beforeEach(async () => {
  issuer = await startIssuer();
  lines = [];
});
afterEach(() => issuer.stop());

const verifierOf = (options: { algorithms?: string[]; jwksUrl?: string } = {}) =>
  new JwtVerifier(
    { issuer: issuer.url, audience, algorithms: ["ES256", "RS256"], jwksUrl: undefined, claim: "orgroles", ...options },
    createLogger("warn", { write: (line: string) => void lines.push(line) }),
  );
const outcome = (verifier: JwtVerifier, token: string) =>
  verifier.verify(token).then(
    ({ name }) => name,
    (error: { reason?: string; message: string }) => error.reason ?? error.message,
  );

/** Answers with a JSON of so many bytes, a kilobyte at a time, until nobody reads on. */
function endless(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const more = () => {
    while (!response.destroyed && response.write('"keys":[],'.repeat(10_000)));
    if (!response.destroyed) response.once("drain", more);
  };
  response.write("{");
  more();
}

function trickle(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const timer = setInterval(() => response.write(" "), 50);
  response.once("close", () => clearInterval(timer));
}

function bomb(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
  response.end(gzipSync(`{"keys":[]${" ".repeat(64 * 1024 * 1024)}}`));
}

function endlessHeaders(response: ServerResponse): void {
  const { socket } = response;
  socket?.write("HTTP/1.1 200 OK\r\n");
  const timer = setInterval(() => socket?.write(`x-more: ${"x".repeat(8000)}\r\n`), 1);
  socket?.once("close", () => clearInterval(timer)).on("error", () => undefined);
}

const answer =
  (body: string, status = 200, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(body);

test.each<[string, (response: ServerResponse) => void]>([
  ["never end", endless],
  ["come a byte at a time for ever", trickle],
  ["are small until they are decompressed", bomb],
  ["have headers without end", endlessHeaders],
  ["are a thousand and one", answer(JSON.stringify({ keys: Array.from({ length: 1001 }, () => ({})) }))],
  ["are no JSON", answer("<html>s3cret</html>")],
  ["are no list", answer('{"keys": {"s3cret": 1}}')],
  ["are nested without end", answer("[".repeat(900_000))],
  ["are elsewhere", answer("", 302, { location: "http://127.0.0.1:1/s3cret" })],
  ["need credentials", answer("s3cret", 401)],
])("keys that %s are the issuer's fault, take little memory and little time", async (_, answerKeys) => {
  const verifier = verifierOf();
  const token = await issuer.sign({});
  issuer.answerKeys = answerKeys;
  const [memory, start] = [process.memoryUsage().rss, performance.now()];
  expect(await outcome(verifier, token)).toBe("ISSUER_UNAVAILABLE");
  expect(performance.now() - start).toBeLessThan(7000);
  expect(process.memoryUsage().rss - memory).toBeLessThan(200 * 1024 * 1024);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"type":"IssuerFailure","message":".+"/);
  expect(lines[0]).not.toContain("s3cret");
  expect(lines[0]).not.toContain(token);
});

test.each([
  ["over plain HTTP elsewhere", "http://login.example.com/keys"],
  ["with a password", "https://app:s3cret@127.0.0.1/keys"],
  ["under a name that only looks like this machine", "http://127.0.0.1:s3cret@login.example.com/"],
  ["in a file", "file:///etc/passwd"],
  ["nowhere", "s3cret"],
])("discovery that leads to keys %s is not followed", async (_, keysUrl) => {
  issuer.keysUrl = keysUrl;
  expect(await outcome(verifierOf(), await issuer.sign({}))).toBe("ISSUER_UNAVAILABLE");
  expect(lines.join("")).toMatch(/The jwks_uri of http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-configuration must /);
  expect(lines.join("")).not.toContain("s3cret");
});

const rsa = (bits: number) => generateKeyPairSync("rsa", { modulusLength: bits });

/** A key of another kind, of which jose would make no token. */
async function weakRsa(): Promise<{ key: IssuerKey; token: string }> {
  const { publicKey, privateKey } = rsa(1024);
  const jwk = publicKey.export({ format: "jwk" }) as JWK;
  const claims = (await issuer.sign({})).split(".")[1] ?? "";
  const head = Buffer.from(JSON.stringify({ alg: "RS256", kid: "weak" })).toString("base64url");
  const signature = sign("sha256", Buffer.from(`${head}.${claims}`), privateKey).toString("base64url");
  return {
    key: { kid: "weak", algorithm: "RS256", privateKey: undefined as never, publicJwk: { ...jwk, kid: "weak" } },
    token: `${head}.${claims}.${signature}`,
  };
}

const published = (publicJwk: object): IssuerKey => ({
  kid: "odd",
  algorithm: "ES256",
  privateKey: present(issuer.keys[0]).privateKey,
  publicJwk: { kid: "odd", ...publicJwk },
});

test("a key that is too weak is the fault of the token that names it, and other tokens are not kept waiting", async () => {
  const { key, token } = await weakRsa();
  issuer.keys = [...issuer.keys, key];
  const verifier = verifierOf();
  for (let count = 0; count < 5; count += 1) {
    expect(await outcome(verifier, token)).toBe("CREDENTIALS_INVALID");
    expect(await outcome(verifier, await issuer.sign({}))).toBe("jwt:ann");
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"msg":"issuer key unusable, perhaps too weak"/);
  expect(lines[0]).not.toContain(token.split(".")[1]);
  issuer.keys = [...issuer.keys, await newKey()];
  const [verified, next] = [verifierOf(), present(issuer.keys.at(-1))];
  expect(await outcome(verified, token)).toBe("CREDENTIALS_INVALID");
  expect(await outcome(verified, await issuer.sign({}, { key: next }))).toBe("jwt:ann"); // at once, without a pause
});

test.each<[string, (good: JWK) => object]>([
  ["of an unknown type", () => ({ kty: "XYZ", alg: "ES256" })],
  ["for another algorithm", (good) => ({ ...good, alg: "RS256" })],
  ["off its curve", (good) => ({ ...good, x: good.y, y: good.x })],
  ["without coordinates", ({ kty, crv }) => ({ kty, crv })],
  ["with broken coordinates", (good) => ({ ...good, x: "*", y: 1 })],
  ["for encryption", (good) => ({ ...good, use: "enc" })],
  ["that may only sign", (good) => ({ ...good, key_ops: ["sign"] })],
  ["whose operations are no list", (good) => ({ ...good, key_ops: "verify" })],
  ["whose private part is published too", (good) => ({ ...good, d: good.x })],
  ["without modulus", () => ({ kty: "RSA", alg: "RS256", e: "AQAB" })],
  ["that is null", () => null as never],
  ["that is a secret", () => ({ kty: "oct", k: Buffer.from("secret".repeat(10)).toString("base64url") })],
])("a token of a key %s is nobody's, and other keys still work", async (_, change) => {
  const good = present(issuer.keys[0]);
  const { kid: _kid, alg: _alg, ...jwk } = good.publicJwk;
  const odd = published({ ...change(jwk) });
  issuer.keys = [odd, good];
  const verifier = verifierOf();
  expect(await outcome(verifier, await issuer.sign({}, { key: odd }))).toBe("CREDENTIALS_INVALID");
  expect(await outcome(verifier, await issuer.sign({}, { key: good }))).toBe("jwt:ann");
  expect(lines.length).toBeLessThanOrEqual(1);
});

test("a token that is signed with a published secret, or with a public key as one, is nobody's", async () => {
  const secret = Buffer.from("secret".repeat(10));
  issuer.keys = [present(issuer.keys[0]), published({ kty: "oct", k: secret.toString("base64url"), alg: "HS256" })];
  const [, claims] = (await issuer.sign({})).split(".");
  const head = Buffer.from(JSON.stringify({ alg: "HS256", kid: "odd" })).toString("base64url");
  const signature = createHmac("sha256", secret).update(`${head}.${claims}`).digest("base64url");
  expect(await outcome(verifierOf(), `${head}.${claims}.${signature}`)).toBe("CREDENTIALS_INVALID");
});

describe("where several keys fit a token", () => {
  test.each([
    ["without a name", { kid: undefined }],
    ["of one name", {}],
  ])("%s, each is tried, and a broken one among them is no hindrance", async (_, header) => {
    const { key: weak } = await weakRsa();
    const keys = await Promise.all([newKey(), newKey(), newKey()]);
    const named = keys.map((key) => ({ ...key, kid: "same", publicJwk: { ...key.publicJwk, kid: "same" } }));
    const broken = published({ ...named[0]?.publicJwk, x: "AA", y: "AA", kid: "same" });
    issuer.keys = [weak, broken, ...named];
    const verifier = verifierOf();
    for (const key of named) expect(await outcome(verifier, await issuer.sign({}, { key, header }))).toBe("jwt:ann");
    const stranger = { ...(await newKey()), kid: "same" };
    expect(await outcome(verifier, await issuer.sign({}, { key: stranger, header }))).toBe("CREDENTIALS_INVALID");
    const expired = await issuer.sign({ exp: 1 }, { key: present(named[2]), header });
    expect(await outcome(verifier, expired)).toBe("CREDENTIALS_INVALID");
  });
});

const claimed = (exp: string) => async () => {
  const [head = "", body = ""] = (await issuer.sign({})).split(".");
  const changed = Buffer.from(body, "base64url")
    .toString()
    .replace(/"exp":\d+/, `"exp":${exp}`);
  const content = `${head}.${Buffer.from(changed).toString("base64url")}`;
  const key = signingKey.privateKey;
  return `${content}.${sign("sha256", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
};

const signingKey = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** An issuer whose private key the tests can use by themselves. */
async function useSigningKey(): Promise<void> {
  const pem = signingKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const publicJwk = { ...signingKey.publicKey.export({ format: "jwk" }), kid: "own", alg: "ES256" } as JWK;
  issuer.keys = [{ kid: "own", algorithm: "ES256", privateKey: await importPKCS8(pem, "ES256"), publicJwk }];
}

test.each<[string, string, () => Promise<string>]>([
  ["expires in a fraction of a second that is to come", "jwt:ann", claimed(String(Date.now() / 1000 + 200.5))],
  ["expires at a time that is text", "CREDENTIALS_INVALID", claimed('"9999999999"')],
  ["expires at the end of numbers", "CREDENTIALS_INVALID", claimed("1e308")],
  ["expires at a time beyond numbers", "CREDENTIALS_INVALID", claimed("1e999")],
  ["never expires", "CREDENTIALS_INVALID", claimed("null")],
  ["is for several", "jwt:ann", () => issuer.sign({ aud: ["another", audience] })],
  ["is for several others", "CREDENTIALS_INVALID", () => issuer.sign({ aud: ["another"] })],
  ["is of an issuer with a slash more", "CREDENTIALS_INVALID", () => issuer.sign({ iss: `${issuer.url}/` })],
  ["is valid before it is", "CREDENTIALS_INVALID", () => issuer.sign({ nbf: 9_999_999_999 })],
  ["has a header that must be understood", "CREDENTIALS_INVALID", () => forged({ crit: ["exp"] })],
  ["has a header that nobody understands", "CREDENTIALS_INVALID", () => forged({ crit: ["x"], x: 1 })],
  ["is not encoded", "CREDENTIALS_INVALID", () => forged({ crit: ["b64"], b64: false })],
  ["has a key of its own", "CREDENTIALS_INVALID", () => forged({ jwk: { kty: "EC" }, kid: "none" })],
  ["is not signed", "CREDENTIALS_INVALID", () => forged({ alg: "none" })],
  ["has an algorithm that is a number", "CREDENTIALS_INVALID", () => forged({ alg: 5 })],
  ["has a name of a key that is an object", "CREDENTIALS_INVALID", () => forged({ kid: {} })],
])("a token that %s: %s", async (_, expected, make) => {
  await useSigningKey();
  expect(await outcome(verifierOf(), await make())).toBe(expected);
  expect(lines).toEqual([]);
});

/** Signed by the issuer's key, with a header that its library would not make. */
async function forged(header: object): Promise<string> {
  const [, body = ""] = (await issuer.sign({})).split(".");
  const head = Buffer.from(JSON.stringify({ alg: "ES256", kid: "own", ...header })).toString("base64url");
  const options = { key: signingKey.privateKey, dsaEncoding: "ieee-p1363" } as const;
  return `${head}.${body}.${sign("sha256", Buffer.from(`${head}.${body}`), options).toString("base64url")}`;
}

test.each(["auth0|123", "ann@example.com", "Ann Müller", "urn:user:管理者", "CN=ann, O=Acme", "👩", "x".repeat(255)])(
  "the subject %j is a name",
  async (sub) => {
    expect(await outcome(verifierOf(), await issuer.sign({ sub }))).toBe(`jwt:${sub}`);
  },
);

test.each([
  ["a line break", "ann\nbob"],
  ["an escape", "ann\u001b[2J"],
  ["a C1 control", "ann\u009b2J"],
  ["a right-to-left override", "ann\u202ebob"],
  ["an isolate", "ann\u2066bob"],
  ["a zero-width space", "ann\u200b"],
  ["a joiner", "ann\u200dbob"],
  ["a byte order mark", "\ufeffann"],
  ["a soft hyphen", "an\u00adn"],
  ["a line separator", "ann\u2028bob"],
  ["a space that does not break", "ann\u00a0bob"],
  ["a filler", "ann\u3164"],
  ["a variation selector", "ann\ufe0f"],
  ["a tag", "ann\u{e0041}"],
  ["half a character", "ann\ud800"],
  ["256 characters", "x".repeat(256)],
])("a token whose subject has %s is nobody's", async (_, sub) => {
  expect(await outcome(verifierOf(), await issuer.sign({ sub }))).toBe("CREDENTIALS_INVALID");
});

test("the log at level debug says why a token was refused, and nothing of it", async () => {
  const verifier = new JwtVerifier(
    { issuer: issuer.url, audience, algorithms: ["ES256"], jwksUrl: undefined, claim: "orgroles" },
    pino({ level: "debug" }, { write: (line: string) => void lines.push(line) }),
  );
  const token = await issuer.sign({ aud: "s3cret" });
  expect(await outcome(verifier, token)).toBe("CREDENTIALS_INVALID");
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ level: 20, why: "ERR_JWT_CLAIM_VALIDATION_FAILED", msg: "token rejected" }),
  ]);
  expect(lines.join("")).not.toContain("s3cret");
});
