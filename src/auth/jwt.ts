import { performance } from "node:perf_hooks";
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions, errors } from "jose";
import type { Logger } from "pino";
import { z } from "zod";
import { type Caller, actions } from "../domain/authorization";
import { refuse } from "../domain/errors";
import { isPrintable } from "../display/shown-text";
import { IssuerFailure, discoverKeys, readKeys } from "./issuer-documents";

export interface JwtOptions {
  /** The `iss` of tokens; its keys are found through OpenID Connect discovery unless `jwksUrl` says where. */
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly jwksUrl: string | undefined;
  /** The claim that says what the caller may do. */
  readonly claim: string;
}

/** Ids as callers know them. */
const ids = (rule: string) => z.array(z.string(rule).regex(/^[!-~]{1,64}$/, rule), rule).min(1, rule);
const environmentsRule = "must be a list of environment ids, or '*' for all";

/** What a caller may do, in configuration and in tokens. */
export const grantSchema = z.strictObject({
  action: z.enum(actions, `must be one of ${actions.join(", ")}`),
  environments: z.union([z.literal("*"), ids(environmentsRule)], environmentsRule),
  organizations: ids("must be a list of organization ids; omit it to allow all organizations").optional(),
});

export function callerOf(name: string, { action, environments, organizations }: z.infer<typeof grantSchema>): Caller {
  return {
    name,
    action,
    environments: environments === "*" ? "*" : new Set(environments),
    organizations: organizations && new Set(organizations),
  };
}

/** How far clocks may be apart, in seconds. */
const clockTolerance = 5;
/** Milliseconds that a document of the issuer may take, to its last byte. */
const issuerTimeout = 5000;
/** Milliseconds before a key that the issuer did not have is asked for again. */
const unknownKeyPause = 5000;
/** Milliseconds before an issuer that did not answer is asked again. */
const failurePause = 1000;
/** Milliseconds between two lines about keys that cannot be used. */
const keyComplaintPause = 60_000;
/** Keys that are tried where several fit a token. */
const mostCandidates = 8;
/** Characters of a `sub`. */
const longestSubject = 255;
/** The end of the year 9999, in seconds: a later `exp` is none. */
const latestExpiry = 253_402_300_799;

/**
 * Verifies tokens of an OpenID Connect issuer: signature, issuer, audience, expiry, algorithm. Keys are cached for ten
 * minutes, whether the issuer can be reached or not. Only what fails while its documents are read is the issuer's fault;
 * everything else, a key of its that cannot be used too, is the token's.
 */
export class JwtVerifier {
  private keys: Promise<JWTVerifyGetKey> | undefined;
  private failedAt = -Infinity;
  private complainedAt = -Infinity;

  constructor(
    private readonly options: JwtOptions,
    private readonly log: Logger,
  ) {}

  async verify(token: string): Promise<Caller> {
    const payload = await this.payloadOf(token);
    const { sub, exp } = payload;
    // what is signed may still have any type; the subject becomes a name in logs
    if (typeof sub !== "string" || !sub || sub.length > longestSubject || !isPrintable(sub))
      throw this.refused("its subject is empty, too long or not printable");
    if (typeof exp !== "number" || exp > latestExpiry) throw this.refused("it never expires");
    const grant = grantSchema.safeParse(payload[this.options.claim]);
    if (!grant.success) throw refuse.scopeInsufficient("claim");
    return callerOf(`jwt:${sub}`, grant.data);
  }

  private async payloadOf(token: string): Promise<JWTPayload> {
    const { issuer, audience, algorithms } = this.options;
    const rules = { issuer, audience, algorithms: [...algorithms], clockTolerance, requiredClaims: ["exp", "sub"] };
    const { jwtVerify } = await import("jose");
    try {
      this.keys ??= this.findKeys();
      return (await jwtVerify(token, await this.keys, rules)).payload;
    } catch (error) {
      if (error instanceof IssuerFailure) {
        this.failed(error);
        throw refuse.issuerUnavailable();
      }
      if (codeOf(error) === "ERR_JWKS_MULTIPLE_MATCHING_KEYS")
        return this.tryKeys(token, error as errors.JWKSMultipleMatchingKeys, rules);
      throw this.unverified(error);
    }
  }

  /** A token may name no key, and two keys may have one name while they are exchanged. */
  private async tryKeys(
    token: string,
    candidates: errors.JWKSMultipleMatchingKeys,
    rules: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    const { jwtVerify } = await import("jose");
    let failure: unknown;
    let tried = 0;
    for await (const key of candidates) {
      try {
        return (await jwtVerify(token, key, rules)).payload;
      } catch (error) {
        if (codeOf(error)?.startsWith("ERR_JWT_")) throw this.unverified(error); // its signature is good
        failure = error;
      }
      tried += 1;
      if (tried === mostCandidates) break;
    }
    throw this.unverified(failure);
  }

  private async findKeys(): Promise<JWTVerifyGetKey> {
    try {
      const { createRemoteJWKSet, customFetch } = await import("jose");
      const { issuer, jwksUrl } = this.options;
      const url = jwksUrl ?? (await this.ask(() => discoverKeys(issuer, AbortSignal.timeout(issuerTimeout))));
      return createRemoteJWKSet(new URL(url), {
        timeoutDuration: issuerTimeout,
        cooldownDuration: unknownKeyPause,
        [customFetch]: async (_keys: string, { signal }: RequestInit) =>
          Response.json(await this.ask(() => readKeys(url, signal ?? AbortSignal.timeout(issuerTimeout)))),
      });
    } catch (error) {
      this.keys = undefined;
      throw error;
    }
  }

  /** Asks the issuer, but leaves one that has just failed alone. */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    if (this.isPausing()) throw new IssuerFailure("The issuer has just failed");
    return question();
  }

  private isPausing(): boolean {
    return performance.now() < this.failedAt + failurePause;
  }

  private failed(error: IssuerFailure): void {
    if (this.isPausing()) return;
    this.failedAt = performance.now();
    this.log.warn({ err: error, issuer: this.options.issuer }, "the keys of the issuer cannot be had");
  }

  /** jose has a code for everything that is wrong with a token; other errors are about the key that the token names. */
  private unverified(error: unknown) {
    const code = codeOf(error);
    if (code !== undefined && !/^ERR_(?:JWK_|JWKS_INVALID)/.test(code)) return this.refused(code);
    const now = performance.now();
    if (now >= this.complainedAt + keyComplaintPause) {
      this.complainedAt = now;
      const { issuer } = this.options;
      this.log.warn({ err: error, issuer }, "a token names a key of the issuer that cannot be used, perhaps too weak");
    }
    return this.refused("its key cannot be used");
  }

  private refused(why: string) {
    this.log.debug({ why }, "a token was refused");
    return refuse.credentialsInvalid();
  }
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code.startsWith("ERR_J") ? code : undefined;
}
