import { hash, timingSafeEqual } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { LRUCache } from "lru-cache";
import type { Caller } from "../domain/authorization";
import { refuse } from "../domain/errors";
import type { JwtVerifier } from "./jwt";

/** A caller, and the tokens or the certificate that identify it. Only digests of tokens are kept. */
export interface Credential {
  readonly caller: Caller;
  /** The SHA-256 of each token. */
  readonly tokenDigests: readonly Buffer[];
  /** The common name or a subject alternative name (`DNS:…` or `URI:…`) of a certificate that the authority has signed. */
  readonly certificate: string | undefined;
}

const anybody: Caller = { name: "anonymous", action: "admin", environments: "*" };

const tokenCharacters = "[\\w.~+/=-]+";
const bearer = new RegExp(`^Bearer (${tokenCharacters})$`, "i");

/** Reports whether a text is a token that a header can contain. */
export const isToken = (text: string): boolean => new RegExp(`^${tokenCharacters}$`).test(text);

export const tokenDigest = (token: string): Buffer => hash("sha256", token, "buffer");

/** Maximum number of headers in the cache. */
const cachedHeaders = 1000;

/** Identifies callers. If no credentials are configured, everybody may do everything. */
export class Authenticator {
  /**
   * Caches callers by the whole header, because a digest takes longer than the rest of the identification. The cache
   * contains only accepted headers, so that it does not help to guess tokens.
   */
  private readonly callers = new LRUCache<string, Caller>({ max: cachedHeaders });

  constructor(
    private readonly credentials: readonly Credential[],
    private readonly jwt: JwtVerifier | undefined,
  ) {}

  /** Returns the caller, or a promise for tokens of an issuer, whose keys may have to be fetched. Throws a Refusal. */
  authenticate(authorization: string | undefined, peer: () => PeerCertificate | undefined): Caller | Promise<Caller> {
    if (!this.credentials.length && !this.jwt) return anybody;
    if (authorization !== undefined) return this.byToken(authorization);
    return this.byCertificate(peer());
  }

  private byToken(authorization: string): Caller | Promise<Caller> {
    const cached = this.callers.get(authorization);
    if (cached) return cached;
    const token = bearer.exec(authorization)?.[1];
    if (!token) throw refuse.credentialsInvalid();
    const digest = tokenDigest(token);
    let found: Caller | undefined;
    for (const { caller, tokenDigests } of this.credentials)
      for (const known of tokenDigests) if (timingSafeEqual(known, digest)) found = caller;
    if (found) {
      this.callers.set(authorization, found);
      return found;
    }
    if (this.jwt && token.split(".").length === 3) return this.jwt.verify(token);
    throw refuse.credentialsInvalid();
  }

  private byCertificate(peer: PeerCertificate | undefined): Caller {
    const names = namesOf(peer);
    if (!names.length) throw refuse.credentialsMissing();
    const found = this.credentials.find(({ certificate }) => certificate !== undefined && names.includes(certificate));
    if (!found) throw refuse.credentialsInvalid();
    return { ...found.caller, expireTime: Date.parse(peer?.valid_to ?? "") || undefined };
  }
}

const isAlternative = (name: string) => /^(?:DNS|URI):/.test(name);

/**
 * Returns the names of a certificate. A common name never counts as an alternative name, and a part of a quoted name never
 * counts as a whole name.
 */
function namesOf(peer: PeerCertificate | undefined): string[] {
  const commonName: unknown = peer?.subject?.CN;
  const alternatives = peer?.subjectaltname?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return [
    ...(typeof commonName === "string" && !isAlternative(commonName) ? [commonName] : []),
    ...alternatives.map((name) => name.trim()).filter(isAlternative),
  ];
}
