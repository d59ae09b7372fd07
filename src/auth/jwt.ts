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

const id = z.string().regex(/^[!-~]{1,64}$/);

/** What a caller may do, in configuration and in tokens. */
export const grantSchema = z.strictObject({
  action: z.enum(actions),
  environments: z.union([z.literal("*"), z.array(id).min(1)]),
  organizations: z.array(id).min(1).optional(),
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

/** Verifies tokens of an OpenID Connect issuer: signature, issuer, audience, expiry, algorithm. Keys are cached. */
export class JwtVerifier {
  private keys: Promise<JWTVerifyGetKey> | undefined;

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
      if (!isAboutToken(error)) {
        this.keys = undefined;
        this.log.warn({ err: error, issuer }, "the keys of the issuer cannot be had");
        throw refuse.issuerUnavailable();
      }
      throw refuse.credentialsInvalid();
    }
    const grant = grantSchema.safeParse(payload[claim]);
    if (!grant.success) throw refuse.scopeInsufficient("claim");
    return callerOf(String(payload.sub), grant.data);
  }

  private async findKeys(): Promise<JWTVerifyGetKey> {
    const { createRemoteJWKSet } = await import("jose");
    const url = this.options.jwksUrl ?? (await this.discover());
    return createRemoteJWKSet(new URL(url), { timeoutDuration: issuerTimeout, cooldownDuration: 5000 });
  }

  private async discover(): Promise<string> {
    const { issuer } = this.options;
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetch(url, { signal: AbortSignal.timeout(issuerTimeout), redirect: "error" });
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    const found = discovery.parse(await response.json());
    if (found.issuer !== issuer) throw new Error(`${url} is of another issuer`);
    return found.jwks_uri;
  }
}

/** Of jose's errors those about the token; what else fails has to do with the issuer. */
function isAboutToken(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^ERR_(?:JWT|JWS|JOSE_ALG|JWKS_NO_MATCHING|JWKS_MULTIPLE|JOSE_NOT)/.test(code);
}
