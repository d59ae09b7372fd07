import { performance } from "node:perf_hooks";
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import type { Logger } from "pino";
import { z } from "zod";
import { type Caller, actions } from "../domain/authorization";
import { refuse } from "../domain/errors";

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
  organizations: ids("must be a list of organization ids; without it, whole environments").optional(),
});

export function callerOf(name: string, { action, environments, organizations }: z.infer<typeof grantSchema>): Caller {
  return {
    name,
    action,
    environments: environments === "*" ? "*" : new Set(environments),
    organizations: organizations && new Set(organizations),
  };
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
/** How far clocks may be apart, in seconds. */
const clockTolerance = 5;
/** Milliseconds that a request to the issuer may take. */
const issuerTimeout = 5000;
/** Milliseconds before a key that the issuer did not have is asked for again. */
const unknownKeyPause = 5000;
/** Milliseconds before an issuer that did not answer is asked again. */
const failurePause = 1000;
/** Characters of a `sub`. */
const longestSubject = 255;

/**
 * Verifies tokens of an OpenID Connect issuer: signature, issuer, audience, expiry, algorithm. Keys are cached for ten
 * minutes, whether the issuer can be reached or not.
 */
export class JwtVerifier {
  private keys: Promise<JWTVerifyGetKey> | undefined;
  private failedAt = -Infinity;

  constructor(
    private readonly options: JwtOptions,
    private readonly log: Logger,
  ) {}

  async verify(token: string): Promise<Caller> {
    const { issuer, audience, algorithms, claim } = this.options;
    const { jwtVerify } = await import("jose");
    let payload: JWTPayload;
    try {
      this.keys ??= this.findKeys();
      const rules = { issuer, audience, algorithms: [...algorithms], clockTolerance, requiredClaims: ["exp", "sub"] };
      ({ payload } = await jwtVerify(token, await this.keys, rules));
    } catch (error) {
      if (isAboutToken(error)) throw refuse.credentialsInvalid();
      this.failed(error);
      throw refuse.issuerUnavailable();
    }
    const { sub } = payload;
    // what is signed may still have any type
    if (typeof sub !== "string" || !sub || sub.length > longestSubject) throw refuse.credentialsInvalid();
    const grant = grantSchema.safeParse(payload[claim]);
    if (!grant.success) throw refuse.scopeInsufficient("claim");
    return callerOf(`jwt:${sub}`, grant.data);
  }

  private async findKeys(): Promise<JWTVerifyGetKey> {
    try {
      const { createRemoteJWKSet, customFetch } = await import("jose");
      const url = this.options.jwksUrl ?? (await this.discover());
      return createRemoteJWKSet(new URL(url), {
        timeoutDuration: issuerTimeout,
        cooldownDuration: unknownKeyPause,
        [customFetch]: (keys: string, request: RequestInit) => this.ask(keys, request),
      });
    } catch (error) {
      this.keys = undefined;
      throw error;
    }
  }

  private async discover(): Promise<string> {
    const { issuer } = this.options;
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await this.ask(url, { signal: AbortSignal.timeout(issuerTimeout), redirect: "error" });
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    const found = discovery.parse(await response.json());
    if (found.issuer !== issuer) throw new Error(`${url} is of another issuer`);
    return found.jwks_uri;
  }

  /** Asks the issuer, but leaves one that has just failed alone. */
  private async ask(url: string, options: RequestInit): Promise<Response> {
    if (this.isPausing()) throw new Error("the issuer has just failed");
    return fetch(url, options);
  }

  private isPausing(): boolean {
    return performance.now() < this.failedAt + failurePause;
  }

  private failed(error: unknown): void {
    if (this.isPausing()) return;
    this.failedAt = performance.now();
    this.log.warn({ err: error, issuer: this.options.issuer }, "the keys of the issuer cannot be had");
  }
}

/** Of jose's errors those about the token; what else fails has to do with the issuer. */
function isAboutToken(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^ERR_(?:JWT|JWS|JOSE_ALG|JWKS_NO_MATCHING|JWKS_MULTIPLE|JOSE_NOT)/.test(code);
}
