import type { PeerCertificate } from "node:tls";
import { Authenticator, type Credential, isToken, tokenDigest } from "../../src/auth/authenticator";
import type { Caller } from "../../src/domain/authorization";
import { refuse } from "../../src/domain/errors";

const caller = (name: string): Caller => ({ name, action: "read", environments: "*" });
const credential = (name: string, { tokens = [], certificate }: { tokens?: string[]; certificate?: string }) => ({
  caller: caller(name),
  tokenDigests: tokens.map(tokenDigest),
  certificate,
});
const credentials: Credential[] = [
  credential("backend", { tokens: ["old-token", "new-token"] }),
  credential("batch", { tokens: ["batch-token"] }),
  credential("billing", { certificate: "billing" }),
  credential("search", { certificate: "DNS:search.internal" }),
  credential("mesh", { certificate: "URI:spiffe://cluster/ns/default/sa/mesh" }),
];
const authenticator = new Authenticator(credentials, undefined);

const peerOf = (subject: object, subjectaltname?: string) => ({ subject, subjectaltname }) as PeerCertificate;
const outcome = (authorization: string | undefined, peer?: PeerCertificate) => {
  try {
    return (authenticator.authenticate(authorization, () => peer) as Caller).name;
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

test.each([
  ["a token", "Bearer new-token", "backend"],
  ["the token before, during a rotation", "Bearer old-token", "backend"],
  ["another credential's token", "Bearer batch-token", "batch"],
  ["the scheme in small letters", "bearer batch-token", "batch"],
  ["an unknown token", "Bearer unknown", "CREDENTIALS_INVALID"],
  ["a token in capitals", "Bearer BATCH-TOKEN", "CREDENTIALS_INVALID"],
  ["the beginning of a token", "Bearer batch", "CREDENTIALS_INVALID"],
  ["a token and more", "Bearer batch-token2", "CREDENTIALS_INVALID"],
  ["the digest of a token", `Bearer ${tokenDigest("batch-token").toString("hex")}`, "CREDENTIALS_INVALID"],
  ["two tokens", "Bearer unknown batch-token", "CREDENTIALS_INVALID"],
  ["another scheme", `Basic ${btoa("batch:batch-token")}`, "CREDENTIALS_INVALID"],
  ["a token without a scheme", "batch-token", "CREDENTIALS_INVALID"],
  ["a scheme without a token", "Bearer ", "CREDENTIALS_INVALID"],
  ["an empty header", "", "CREDENTIALS_INVALID"],
  ["what could be a token of an issuer, without one", "Bearer a.b.c", "CREDENTIALS_INVALID"],
  ["no header", undefined, "CREDENTIALS_MISSING"],
])("%s", (_, authorization, expected) => {
  expect(outcome(authorization)).toBe(expected);
});

test.each([
  ["its common name", peerOf({ CN: "billing" }), "billing"],
  ["a DNS name", peerOf({ CN: "x" }, "DNS:other, DNS:search.internal"), "search"],
  ["a URI", peerOf({}, "URI:spiffe://cluster/ns/default/sa/mesh"), "mesh"],
  ["no name that is known", peerOf({ CN: "x" }, "DNS:y"), "CREDENTIALS_INVALID"],
  ["a known common name as a DNS name", peerOf({ CN: "x" }, "DNS:billing"), "CREDENTIALS_INVALID"],
  ["a known DNS name as the common name", peerOf({ CN: "DNS:search.internal" }), "CREDENTIALS_MISSING"],
  ["a known name among several common names", peerOf({ CN: ["billing", "x"] }), "CREDENTIALS_MISSING"],
  ["a known name as an e-mail address", peerOf({ CN: "x" }, "email:DNS:search.internal"), "CREDENTIALS_INVALID"],
  [
    "a known name inside a quoted URI",
    peerOf({ CN: "x" }, 'URI:"http://x, DNS:search.internal, y"'),
    "CREDENTIALS_INVALID",
  ],
  [
    "a known name behind an escaped quotation mark",
    peerOf({ CN: "x" }, String.raw`URI:"http://x\", DNS:search.internal, y"`),
    "CREDENTIALS_INVALID",
  ],
  ["no names", peerOf({}), "CREDENTIALS_MISSING"],
])("a certificate with %s", (_, peer, expected) => {
  expect(outcome(undefined, peer)).toBe(expected);
});

test("a token counts before the certificate, and a wrong one is not made good by it", () => {
  expect(outcome("Bearer batch-token", peerOf({ CN: "billing" }))).toBe("batch");
  expect(outcome("Bearer unknown", peerOf({ CN: "billing" }))).toBe("CREDENTIALS_INVALID");
});

test("without credentials everybody may do everything", () => {
  const open = new Authenticator([], undefined);
  for (const authorization of [undefined, "Bearer unknown", ""])
    expect(open.authenticate(authorization, () => undefined)).toMatchObject({ action: "admin", environments: "*" });
});

test("only what has the form of an issuer's token is shown to the issuer", async () => {
  const shown: string[] = [];
  const verify = async (token: string) => {
    shown.push(token);
    throw refuse.credentialsInvalid();
  };
  const mixed = new Authenticator(credentials, { verify } as never);
  expect(mixed.authenticate("Bearer batch-token", () => undefined)).toMatchObject({ name: "batch" });
  expect(() => mixed.authenticate("Bearer unknown", () => undefined)).toThrow(/unknown or no longer valid/);
  expect(() => mixed.authenticate(undefined, () => undefined)).toThrow(/has no credentials/);
  await expect(mixed.authenticate("Bearer a.b.c", () => undefined)).rejects.toThrow(/unknown or no longer valid/);
  expect(shown).toEqual(["a.b.c"]);
});

test.each([
  ["orgroles_AZ-az_09", true],
  ["a.b.c~+/=", true],
  ["", false],
  ["two words", false],
  ["tökén", false],
])("%j is a token: %s", (text, expected) => {
  expect(isToken(text)).toBe(expected);
});
