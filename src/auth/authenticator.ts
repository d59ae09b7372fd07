import { hash, timingSafeEqual } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { LRUCache } from "lru-cache";
import type { Caller } from "../domain/authorization";
import { refuse } from "../domain/errors";
import type { JwtVerifier } from "./jwt";

/** A caller and how it is known: by one of several tokens, of which only digests are kept, or by its certificate. */
export interface Credential {
  readonly caller: Caller;
  /** SHA-256 of each token. */
  readonly tokenDigests: readonly Buffer[];
  /** Common name or subject alternative name (`DNS:…` or `URI:…`) of a certificate that the authority has signed. */
  readonly certificate: string | undefined;
}

const anybody: Caller = { name: "anonymous", action: "admin", environments: "*" };

const tokenCharacters = "[\\w.~+/=-]+";
const bearer = new RegExp(`^Bearer (${tokenCharacters})$`, "i");

/** Whether a header can carry it. */
export const isToken = (text: string): boolean => new RegExp(`^${tokenCharacters}$`).test(text);

export const tokenDigest = (token: string): Buffer => hash("sha256", token, "buffer");

/** Headers that are remembered with who they showed, once their digest has been found. */
const rememberedHeaders = 1000;

/** Tells who calls. Without any credentials configured everybody may do everything. */
export class Authenticator {
  /**
   * By the whole header. Only of those that were let in, so nobody who guesses is told more than without it; a digest for
   * each call takes longer than the rest of finding out who calls.
   */
  private readonly known = new LRUCache<string, Caller>({ max: rememberedHeaders });

  constructor(
    private readonly credentials: readonly Credential[],
    private readonly jwt: JwtVerifier | undefined,
  ) {}

  /** Answers at once but for tokens of an issuer, whose keys may have to be fetched. */
  authenticate(authorization: string | undefined, peer: () => PeerCertificate | undefined): Caller | Promise<Caller> {
    if (!this.credentials.length && !this.jwt) return anybody;
    if (authorization !== undefined) return this.byToken(authorization);
    return this.byCertificate(peer());
  }

  private byToken(authorization: string): Caller | Promise<Caller> {
    const remembered = this.known.get(authorization);
    if (remembered) return remembered;
    const token = bearer.exec(authorization)?.[1];
    if (!token) throw refuse.credentialsInvalid();
    const digest = tokenDigest(token);
    let found: Caller | undefined;
    for (const { caller, tokenDigests } of this.credentials)
      for (const known of tokenDigests) if (timingSafeEqual(known, digest)) found = caller;
    if (found) {
      this.known.set(authorization, found);
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
    return found.caller;
  }
}

const isAlternative = (name: string) => /^(?:DNS|URI):/.test(name);

/** A common name cannot pass for an alternative one, and a part of a name, which is quoted then, not for a whole one. */
function namesOf(peer: PeerCertificate | undefined): string[] {
  const commonName: unknown = peer?.subject?.CN;
  const alternatives = peer?.subjectaltname?.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return [
    ...(typeof commonName === "string" && !isAlternative(commonName) ? [commonName] : []),
    ...alternatives.map((name) => name.trim()).filter(isAlternative),
  ];
}
