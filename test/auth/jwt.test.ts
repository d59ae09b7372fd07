import { createHmac } from "node:crypto";
import { type CryptoKey, UnsecuredJWT, exportSPKI, importJWK } from "jose";
import { pino } from "pino";
import { JwtVerifier } from "../../src/auth/jwt";
import { type TestClient, bearer, connect, failureOf } from "../support/client";
import { engines } from "../support/engines";
import { type Issuer, type IssuerKey, audience, newKey, startIssuer } from "../support/issuer";
import { startService } from "../support/service";
import { present } from "../support/stage";
import { until } from "../support/until";

const now = () => Math.floor(Date.now() / 1000);

let issuer: Issuer;
let warnings: string[];
beforeEach(async () => {
  issuer = await startIssuer();
  warnings = [];
});
afterEach(async () => {
  jest.restoreAllMocks();
  await issuer.stop();
});

/** For the age of what is cached. */
function secondsPass(seconds: number): void {
  const { now: clock } = Date;
  jest.spyOn(Date, "now").mockImplementation(() => clock() + seconds * 1000);
}

const verifierOf = (options: { jwksUrl?: string; issuer?: string } = {}) =>
  new JwtVerifier(
    { issuer: issuer.url, audience, algorithms: ["ES256"], jwksUrl: undefined, claim: "orgroles", ...options },
    pino({ level: "warn" }, { write: (line: string) => warnings.push(line) }),
  );
const outcome = (verifier: JwtVerifier, token: string) =>
  verifier.verify(token).then(
    () => "accepted",
    (error: { reason?: string; message: string }) => error.reason ?? error.message,
  );
/** How much later the clock of an issuer may be. */
const toleratedSeconds = 5;
const currentKey = (): IssuerKey => present(issuer.keys[0]);
const keyRequests = () => issuer.asked.filter((path) => path === "/keys").length;

test("the claim of a token says what its caller may do, its sub who it is, and its exp until when", async () => {
  const exp = now() + 600;
  const token = await issuer.sign({
    sub: "ann",
    exp,
    orgroles: { action: "write", environments: ["alpha", "beta"], organizations: ["acme"], acting_user: "user_ann" },
  });
  expect(await verifierOf().verify(token)).toEqual({
    name: "jwt:ann",
    action: "write",
    environments: new Set(["alpha", "beta"]),
    organizations: new Set(["acme"]),
    actingUserId: "user_ann",
    expireTime: (exp + toleratedSeconds) * 1000,
  });
});

test("discovery is asked once, and the keys once, for any number of tokens", async () => {
  const verifier = verifierOf();
  const tokens = await Promise.all(["ann", "bob", "eve"].map((sub) => issuer.sign({ sub })));
  const callers = await Promise.all([...tokens, ...tokens].map((token) => verifier.verify(token)));
  expect(callers.map(({ name }) => name)).toEqual([...Array(2)].flatMap(() => ["jwt:ann", "jwt:bob", "jwt:eve"]));
  expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
});

test("with the URL of the keys there is no discovery", async () => {
  expect(await outcome(verifierOf({ jwksUrl: `${issuer.url}/keys` }), await issuer.sign({}))).toBe("accepted");
  expect(issuer.asked).toEqual(["/keys"]);
});

test.each<[string, () => Promise<string>]>([
  ["of another issuer", () => issuer.sign({ iss: "https://issuer.example" })],
  ["for somebody else", () => issuer.sign({ aud: "another" })],
  ["that has expired", () => issuer.sign({ exp: now() - 60 })],
  ["that never expires", () => issuer.sign({ exp: undefined })],
  ["that is not valid yet", () => issuer.sign({ nbf: now() + 60 })],
  ["without a subject", () => issuer.sign({ sub: undefined })],
  ["with an empty subject", () => issuer.sign({ sub: "" })],
  ["whose subject is no text", () => issuer.sign({ sub: { toString: 1 } })],
  ["whose subject has no end", () => issuer.sign({ sub: "x".repeat(256) })],
  ["of a key that the issuer does not have", async () => issuer.sign({}, { key: await newKey() })],
  [
    "of another key under the name of the issuer's",
    async () => issuer.sign({}, { key: { ...(await newKey()), kid: currentKey().kid } }),
  ],
  ["whose content was changed", async () => tampered(await issuer.sign({}))],
  ["that is not signed", async () => new UnsecuredJWT(await claims()).encode()],
  ["without a signature under the issuer's header", async () => (await issuer.sign({})).replace(/[^.]+$/, "")],
  ["signed with the public key as a secret", hmacWithPublicKey],
  ["with an algorithm that is not on the list", async () => signedWith(await newKey("RS256"))],
  ["that is none", async () => "a.b.c"],
])("a token %s is nobody's", async (_, make) => {
  const verifier = verifierOf();
  expect(await outcome(verifier, await issuer.sign({}))).toBe("accepted");
  expect(await outcome(verifier, await make())).toBe("CREDENTIALS_INVALID");
  expect(warnings).toEqual([]);
});

async function signedWith(key: IssuerKey): Promise<string> {
  issuer.keys = [...issuer.keys, key];
  return issuer.sign({}, { key });
}

const claims = async () =>
  JSON.parse(Buffer.from((await issuer.sign({})).split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;

function tampered(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const content = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const changed = { ...content, orgroles: { action: "admin", environments: "*" } };
  return [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signature].join(".");
}

/** What a verifier falls for that lets the token choose how its key is used. */
async function hmacWithPublicKey(): Promise<string> {
  const { publicJwk, kid } = currentKey();
  const secret = await exportSPKI((await importJWK(publicJwk, "ES256")) as CryptoKey);
  const encoded = [{ alg: "HS256", kid }, await claims()].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signed = encoded.join(".");
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

test.each<[string, unknown]>([
  ["is missing", undefined],
  ["is text", "admin"],
  ["names no action", { environments: ["alpha"] }],
  ["names an unknown action", { action: "root", environments: ["alpha"] }],
  ["names no environments", { action: "read" }],
  ["has an empty list of environments", { action: "read", environments: [] }],
  ["names an environment as text", { action: "read", environments: "alpha" }],
  ["has an empty list of organizations", { action: "read", environments: "*", organizations: [] }],
  ["has organizations that are null", { action: "read", environments: "*", organizations: null }],
  ["acts as an id that cannot be", { action: "write", environments: "*", acting_user: "two users" }],
  ["acts as nobody", { action: "write", environments: "*", acting_user: "" }],
  ["acts as null", { action: "write", environments: "*", acting_user: null }],
  ["has a misspelt field, which would widen it", { action: "read", environments: "*", organization: ["acme"] }],
])("a token whose claim %s may do nothing", async (_, orgroles) => {
  await expect(verifierOf().verify(await issuer.sign({ orgroles }))).rejects.toMatchObject({
    reason: "SCOPE_INSUFFICIENT",
    metadata: { scope: "claim" },
  });
});

test("keys may be exchanged while tokens are verified: the new one is fetched, the old one goes", async () => {
  const verifier = verifierOf();
  const old = currentKey();
  expect(await outcome(verifier, await issuer.sign({}, { key: old }))).toBe("accepted");
  const next = await newKey();
  issuer.keys = [next];
  expect(await outcome(verifier, await issuer.sign({}, { key: next }))).toBe("CREDENTIALS_INVALID");
  secondsPass(6);
  expect(await outcome(verifier, await issuer.sign({}, { key: next }))).toBe("accepted");
  expect(await outcome(verifier, await issuer.sign({}, { key: old }))).toBe("CREDENTIALS_INVALID");
  expect(keyRequests()).toBe(2);
});

test("any number of tokens with unknown keys cause one request", async () => {
  const verifier = verifierOf();
  const stranger = await newKey();
  const tokens = await Promise.all(
    Array.from({ length: 50 }, (__, index) => issuer.sign({}, { key: { ...stranger, kid: `unknown-${index}` } })),
  );
  for (const token of tokens) expect(await outcome(verifier, token)).toBe("CREDENTIALS_INVALID");
  expect(keyRequests()).toBe(1);
});

test.each<[string, () => Promise<void>]>([
  ["is down", () => issuer.stop()],
  ["fails", async () => void (issuer.status = 500)],
  ["redirects", async () => void (issuer.status = 302)],
  ["is another", async () => void (issuer.claimedIssuer = "https://issuer.example")],
])("a token cannot be judged while its issuer %s, and can afterwards", async (_, upset) => {
  const verifier = verifierOf();
  const token = await issuer.sign({});
  await upset();
  await expect(verifier.verify(token)).rejects.toMatchObject({
    reason: "ISSUER_UNAVAILABLE",
    kind: "unavailable",
    details: { retryAfter: 1000 },
  });
  issuer.status = 200;
  issuer.claimedIssuer = undefined;
  if (issuer.isDown()) await issuer.start();
  await until("the issuer is asked again", async () =>
    (await outcome(verifier, token)) === "accepted" ? true : undefined,
  );
});

test("an issuer that has failed is left alone for a second, and the log has one line", async () => {
  const verifier = verifierOf();
  const token = await issuer.sign({});
  issuer.status = 500;
  const start = performance.now();
  const outcomes = new Set<string>();
  for (let count = 0; count < 50; count += 1) outcomes.add(await outcome(verifier, token));
  const seconds = Math.ceil((performance.now() - start) / 1000);
  expect([...outcomes]).toEqual(["ISSUER_UNAVAILABLE"]);
  expect(issuer.asked.length).toBeLessThanOrEqual(seconds);
  expect(warnings).toHaveLength(issuer.asked.length);
  for (const line of warnings) expect(line).not.toContain(token);
});

test("known keys stay in use while the issuer is down, whatever unknown ones are shown", async () => {
  const verifier = verifierOf();
  const known = await issuer.sign({});
  expect(await outcome(verifier, known)).toBe("accepted");
  await issuer.stop();
  secondsPass(6);
  const stranger = await issuer.sign({}, { key: await newKey() });
  expect(await outcome(verifier, stranger)).toBe("ISSUER_UNAVAILABLE");
  expect(await outcome(verifier, known)).toBe("accepted");
});

const call = ({ environments }: TestClient) => environments.getEnvironment({ environmentId: "alpha" });

test("a caller is told when to come back while the issuer is down, and let in when it is there", async () => {
  const token = await issuer.sign({ orgroles: { action: "read", environments: "*" } });
  const other = await issuer.sign({ orgroles: { action: "read", environments: ["beta"] } });
  const settings = { ORGROLES_JWT_ISSUER: issuer.url, ORGROLES_JWT_AUDIENCE: audience };
  const service = await startService(present(engines[0]), settings, undefined, bearer(token));
  const [limited, stranger] = [connect(service.address, bearer(other)), connect(service.address, bearer("a.b.c"))];
  try {
    expect((await call(service)).environment?.id).toBe("alpha");
    expect(await failureOf(call(limited))).toMatchObject({ code: "PERMISSION_DENIED", reason: "SCOPE_INSUFFICIENT" });
    expect(await failureOf(call(stranger))).toMatchObject({ code: "UNAUTHENTICATED", reason: "CREDENTIALS_INVALID" });
    await issuer.stop();
    secondsPass(601);
    expect(await failureOf(call(service))).toMatchObject({
      code: "UNAVAILABLE",
      reason: "ISSUER_UNAVAILABLE",
      domain: "orgroles",
      metadata: {},
      retryDelay: 1000,
      message: "The token's issuer cannot be reached. Retry later.",
    });
    await issuer.start();
    const answer = await until("the issuer is asked again", () => call(service));
    expect(answer.environment?.id).toBe("alpha");
  } finally {
    limited.close();
    stranger.close();
    await service.drop();
  }
});

test("the algorithms of the default are accepted from one issuer", async () => {
  const verifier = new JwtVerifier(
    { issuer: issuer.url, audience, algorithms: ["RS256", "ES256", "EdDSA"], jwksUrl: undefined, claim: "orgroles" },
    pino({ level: "silent" }),
  );
  issuer.keys = await Promise.all(["RS256", "ES256", "EdDSA"].map((algorithm) => newKey(algorithm)));
  for (const key of issuer.keys) expect(await outcome(verifier, await issuer.sign({}, { key }))).toBe("accepted");
});
