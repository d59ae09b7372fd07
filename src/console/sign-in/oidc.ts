import * as oauth from "oauth4webapi";
import type { Grant } from "../api/session";
import { type PendingSignIn, ofAnotherTab, savePending } from "./pending";
import { type SignInSettings, signInSettings } from "./settings";

/** The address at the console to which the issuer leads back. */
const redirectUri = `${window.location.origin}/console/`;

/** A sign-in that did not succeed, in words. */
export class SignInFailure extends Error {}

function settings(): SignInSettings {
  if (!signInSettings) throw new SignInFailure("No issuer is configured.");
  return signInSettings;
}

/** The server accepts http:// only for an issuer on its own machine. */
const options = () => ({ [oauth.allowInsecureRequests]: settings().issuer.startsWith("http:") });

let discovered: Promise<oauth.AuthorizationServer> | undefined;

function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(settings().issuer);
  discovered ??= oauth
    .discoveryRequest(issuer, { algorithm: "oidc", ...options() })
    .then((response) => oauth.processDiscoveryResponse(issuer, response))
    .catch((error: unknown) => {
      discovered = undefined; // the next try asks again
      throw error;
    });
  return discovered;
}

const client = (): oauth.Client => ({ client_id: settings().clientId });

/**
 * Returns the address at the issuer where people sign in, and remembers what the answer is checked with. In another tab
 * the page stays as it is, with all that was typed.
 */
export async function prepareSignIn(isInAnotherTab: boolean): Promise<string> {
  if (!window.isSecureContext) throw new SignInFailure("Signing in needs https:// or a page on this machine.");
  const { authorization_endpoint: endpoint } = await discover().catch(explainFailure);
  if (!endpoint) throw new SignInFailure("The issuer has no page for signing in.");
  const { audience, clientId, scopes } = settings();
  const pending: PendingSignIn = {
    state: (isInAnotherTab ? ofAnotherTab : "") + oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    path: window.location.pathname + window.location.search,
  };
  savePending(pending);
  const url = new URL(endpoint);
  const parameters = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: scopes,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: "S256",
    ...(audience !== clientId && { audience }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** Exchanges the code of an answer for tokens. Throws a `SignInFailure`. */
export async function completeSignIn(answer: URLSearchParams, pending: PendingSignIn | undefined): Promise<Grant> {
  if (!pending || answer.get("state") !== pending.state)
    throw new SignInFailure("This answer belongs to no sign-in that began in this tab. Begin again here.");
  try {
    const server = await discover();
    const checked = oauth.validateAuthResponse(server, client(), answer, pending.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client(),
      oauth.None(),
      checked,
      redirectUri,
      pending.verifier,
      options(),
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client(), response, {
      expectedNonce: pending.nonce,
      requireIdToken: true,
    });
    return toGrant(tokens, undefined);
  } catch (error) {
    return explainFailure(error);
  }
}

/** Returns new tokens for a refresh token. */
export async function renewGrant(refreshToken: string): Promise<Grant> {
  const server = await discover();
  const response = await oauth.refreshTokenGrantRequest(server, client(), oauth.None(), refreshToken, options());
  return toGrant(await oauth.processRefreshTokenResponse(server, client(), response), refreshToken);
}

/** Ends the sign-in at the issuer too. Returns the address where people sign out there, if it has one. */
export async function endSignIn(refreshToken: string | undefined): Promise<string | undefined> {
  const server = await discover();
  if (refreshToken && server.revocation_endpoint)
    await oauth.revocationRequest(server, client(), oauth.None(), refreshToken, options()).catch(() => undefined);
  if (!server.end_session_endpoint) return undefined;
  const url = new URL(server.end_session_endpoint);
  url.searchParams.set("client_id", settings().clientId);
  url.searchParams.set("post_logout_redirect_uri", redirectUri);
  return url.href;
}

/** Takes the token whose audience the service expects: that of an id token is the client itself. */
function toGrant(tokens: oauth.TokenEndpointResponse, refreshToken: string | undefined): Grant {
  const { audience, clientId } = settings();
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const isForClient = audience === clientId;
  const expiresAt = isForClient ? claims?.exp : tokens.expires_in && Date.now() / 1000 + tokens.expires_in;
  const token = isForClient ? tokens.id_token : tokens.access_token;
  if (!token) throw new SignInFailure("The issuer has sent no token for this service.");
  return { token, refreshToken: tokens.refresh_token ?? refreshToken, expiresAt };
}

function explainFailure(error: unknown): never {
  if (error instanceof SignInFailure) throw error;
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError)
    throw new SignInFailure(`The issuer refused it: ${error.error_description ?? error.error}.`, { cause: error });
  if (error instanceof TypeError)
    throw new SignInFailure("The issuer cannot be reached from this page. Try again in a moment.", { cause: error });
  throw new SignInFailure("The answer of the issuer is not valid. Begin again.", { cause: error });
}
