import { performance } from "node:perf_hooks";
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions, errors } from "jose";
import type { Logger } from "pino";
import { z } from "zod";
import { type Caller, actions } from "../domain/authorization";
import { refuse } from "../domain/errors";
import { type UserId, idPattern, isId } from "../domain/values";
import { isPrintable } from "../display/shown-text";
import { IssuerFailure, discoverKeys, readKeys } from "./issuer-documents";

export interface JwtOptions {
  /** The `iss` of tokens. Without `jwksUrl` its keys are found by OpenID Connect discovery. */
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly jwksUrl: string | undefined;
  /** The claim that contains what the caller may do. */
  readonly claim: string;
}

/** Makes the schema of a list of ids. */
const ids = (rule: string) => z.array(z.string(rule).regex(idPattern, rule), rule).min(1, rule);
const environmentsRule = "must be a list of environment ids, or '*' for all";

const actingUserRule = "must be a user id: 1–64 printable ASCII characters without spaces";

/** The schema of what a caller may do, in the configuration and in tokens. */
export const grantSchema = z.strictObject({
  action: z.enum(actions, `must be one of ${actions.join(", ")}`),
  environments: z.union([z.literal("*"), ids(environmentsRule)], environmentsRule),
  organizations: ids("must be a list of organization ids; omit it to allow all organizations").optional(),
  acting_user: z.custom<UserId>((value) => typeof value === "string" && isId(value), actingUserRule).optional(),
});

export function callerOf(name: string, grant: z.infer<typeof grantSchema>): Caller {
  const { action, environments, organizations, acting_user: actingUserId } = grant;
  return {
    name,
    action,
    environments: environments === "*" ? "*" : new Set(environments),
    organizations: organizations && new Set(organizations),
    actingUserId,
  };
}

/** Maximum difference between clocks, in seconds. */
const clockTolerance = 5;
/** Maximum milliseconds to read a document of the issuer, to its last byte. */
const issuerTimeout = 5000;
/** Milliseconds before an unknown key is requested again. */
const unknownKeyPause = 5000;
/** Milliseconds before a failed issuer is requested again. */
const failurePause = 1000;
/** Milliseconds between two log lines about unusable keys. */
const keyWarningPause = 60_000;
/** Maximum number of keys to try if several match a token. */
const mostCandidates = 8;
/** Maximum number of characters of a `sub`. */
const longestSubject = 255;
/** The end of the year 9999, in seconds. A token with a later `exp` is rejected. */
const latestExpiry = 253_402_300_799;

/**
 * Verifies tokens of an OpenID Connect issuer: signature, issuer, audience, expiry and algorithm. Keys are cached for ten
 * minutes, even if the issuer cannot be reached. Only failures to read the issuer's documents count as failures of the
 * issuer. All others reject the token, even an unusable key of the issuer.
 */
export class JwtVerifier {
  private keys: Promise<JWTVerifyGetKey> | undefined;
  private failedAt = -Infinity;
  private warnedAt = -Infinity;

  constructor(
    private readonly options: JwtOptions,
    private readonly log: Logger,
  ) {}

  /** Returns the caller of a valid token. Throws a Refusal for any other token, or if the issuer cannot be reached. */
  async verify(token: string): Promise<Caller> {
    const payload = await this.payloadOf(token);
    const { sub, exp } = payload;
    // signed claims may still have any type, and the subject becomes a name in logs
    if (typeof sub !== "string" || !sub || sub.length > longestSubject || !isPrintable(sub))
      throw this.reject("its subject is empty, too long or not printable");
    if (typeof exp !== "number" || exp > latestExpiry) throw this.reject("it never expires");
    const grant = grantSchema.safeParse(payload[this.options.claim]);
    if (!grant.success) throw refuse.scopeInsufficient("claim");
    return { ...callerOf(`jwt:${sub}`, grant.data), expireTime: (exp + clockTolerance) * 1000 };
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
        this.recordFailure(error);
        throw refuse.issuerUnavailable();
      }
      if (codeOf(error) === "ERR_JWKS_MULTIPLE_MATCHING_KEYS")
        return this.tryKeys(token, error as errors.JWKSMultipleMatchingKeys, rules);
      throw this.rejectUnverified(error);
    }
  }

  /** Tries all matching keys: a token may name no key, and two keys may share a name during a rotation. */
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
        if (codeOf(error)?.startsWith("ERR_JWT_")) throw this.rejectUnverified(error); // the signature is valid
        failure = error;
      }
      tried += 1;
      if (tried === mostCandidates) break;
    }
    throw this.rejectUnverified(failure);
  }

  private async findKeys(): Promise<JWTVerifyGetKey> {
    try {
      const { createRemoteJWKSet, customFetch } = await import("jose");
      const { issuer, jwksUrl } = this.options;
      const url = jwksUrl ?? (await this.request(() => discoverKeys(issuer, AbortSignal.timeout(issuerTimeout))));
      return createRemoteJWKSet(new URL(url), {
        timeoutDuration: issuerTimeout,
        cooldownDuration: unknownKeyPause,
        [customFetch]: async (_keys: string, { signal }: RequestInit) =>
          Response.json(await this.request(() => readKeys(url, signal ?? AbortSignal.timeout(issuerTimeout)))),
      });
    } catch (error) {
      this.keys = undefined;
      throw error;
    }
  }

  /** Sends a request to the issuer, unless the issuer has just failed. */
  private async request<T>(send: () => Promise<T>): Promise<T> {
    if (this.isPausing()) throw new IssuerFailure("The issuer failed less than a second ago");
    return send();
  }

  private isPausing(): boolean {
    return performance.now() < this.failedAt + failurePause;
  }

  private recordFailure(error: IssuerFailure): void {
    if (this.isPausing()) return;
    this.failedAt = performance.now();
    this.log.warn({ err: error, issuer: this.options.issuer }, "issuer keys unavailable");
  }

  /** Rejects a token that jose could not verify. Errors without a code of a token are about the key that it names. */
  private rejectUnverified(error: unknown) {
    const code = codeOf(error);
    if (code !== undefined && !/^ERR_(?:JWK_|JWKS_INVALID)/.test(code)) return this.reject(code);
    const now = performance.now();
    if (now >= this.warnedAt + keyWarningPause) {
      this.warnedAt = now;
      const { issuer } = this.options;
      this.log.warn({ err: error, issuer }, "issuer key unusable, perhaps too weak");
    }
    return this.reject("its key cannot be used");
  }

  private reject(why: string) {
    this.log.debug({ why }, "token rejected");
    return refuse.credentialsInvalid();
  }
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code.startsWith("ERR_J") ? code : undefined;
}
