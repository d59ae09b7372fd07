import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type Issuer, startIssuer } from "./issuer";

export const clientId = "console-of-tests";

interface Asked {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** An issuer where people sign in with one click on "Sign in as Ann". */
export interface SignInIssuer extends Pick<Issuer, "url" | "stop"> {
  /** The grants for which tokens were sent. */
  readonly grants: string[];
  /** What the next page sends back. */
  behaviour: {
    state?: string;
    nonce?: string;
    error?: string;
    refusesRenewal?: boolean;
    /** Seconds that it says a token lasts. */
    lasts?: number;
  };
  readonly revoked: string[];
  readonly signedOut: URL[];
}

const answerJson = (response: ServerResponse, status: number, body: object) => {
  response.writeHead(status, { "content-type": "application/json", "access-control-allow-origin": "*" });
  response.end(JSON.stringify(body));
};

/** Starts an issuer with the code flow and PKCE: it refuses a verifier that does not belong to the challenge. */
export async function startSignInIssuer(): Promise<SignInIssuer> {
  const issuer = await startIssuer();
  const codes = new Map<string, Asked>();
  const found: SignInIssuer = {
    url: issuer.url,
    stop: () => issuer.stop(),
    grants: [],
    behaviour: {},
    revoked: [],
    signedOut: [],
  };
  issuer.metadata = {
    authorization_endpoint: `${issuer.url}/authorize`,
    token_endpoint: `${issuer.url}/token`,
    revocation_endpoint: `${issuer.url}/revoke`,
    end_session_endpoint: `${issuer.url}/logout`,
    id_token_signing_alg_values_supported: ["ES256"],
  };
  const tokensFor = async (nonce?: string) => ({
    access_token: await issuer.sign({
      orgroles: { action: "admin", environments: ["alpha"] },
      jti: String(found.grants.length),
    }),
    id_token: await issuer.sign({ aud: clientId, iat: Math.floor(Date.now() / 1000), ...(nonce && { nonce }) }),
    refresh_token: `refresh-${found.grants.length}`,
    token_type: "bearer",
    expires_in: found.behaviour.lasts ?? 300,
  });
  const token = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await text(request));
    const grant = form.get("grant_type") ?? "";
    if (grant === "refresh_token") {
      const isKnown = form.get("refresh_token") === `refresh-${found.grants.length}`;
      if (found.behaviour.refusesRenewal || !isKnown) return answerJson(response, 400, { error: "invalid_grant" });
      found.grants.push(grant);
      return answerJson(response, 200, await tokensFor());
    }
    const code = form.get("code") ?? "";
    const asked = codes.get(code);
    codes.delete(code);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (asked?.challenge !== challenge || asked.redirectUri !== form.get("redirect_uri"))
      return answerJson(response, 400, { error: "invalid_grant" });
    found.grants.push(grant);
    return answerJson(response, 200, await tokensFor(found.behaviour.nonce ?? asked.nonce));
  };
  const authorize = (url: URL, response: ServerResponse) => {
    const asked = Object.fromEntries(url.searchParams);
    const isRight =
      asked["client_id"] === clientId &&
      asked["response_type"] === "code" &&
      asked["code_challenge_method"] === "S256" &&
      asked["scope"] === "openid";
    if (!isRight) return void response.writeHead(400).end("not what the console should ask");
    const code = `code-${codes.size}-${Date.now()}`;
    const redirectUri = asked["redirect_uri"] ?? "";
    codes.set(code, { nonce: asked["nonce"] ?? "", challenge: asked["code_challenge"] ?? "", redirectUri });
    const { state = asked["state"] ?? "", error } = found.behaviour;
    const back = new URL(redirectUri);
    for (const [name, value] of Object.entries(error ? { error, state } : { code, state }))
      back.searchParams.set(name, value);
    response.writeHead(200, { "content-type": "text/html" });
    response.end(
      `<!doctype html><title>Issuer</title><a href="${back.href.replaceAll("&", "&amp;")}">Sign in as Ann</a>`,
    );
  };
  issuer.answer = (request, response) => {
    const url = new URL(request.url ?? "/", issuer.url);
    switch (url.pathname) {
      case "/authorize":
        authorize(url, response);
        return true;
      case "/token":
        void token(request, response);
        return true;
      case "/revoke":
        void text(request).then((form) => found.revoked.push(new URLSearchParams(form).get("token") ?? ""));
        answerJson(response, 200, {});
        return true;
      case "/logout":
        found.signedOut.push(url);
        response.writeHead(302, { location: url.searchParams.get("post_logout_redirect_uri") ?? "/" }).end();
        return true;
      default:
        return false;
    }
  };
  return found;
}
