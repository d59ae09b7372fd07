import { session } from "./session";

/** Tokens are renewed this many seconds before their end. */
const margin = 30;

let running: Promise<void> | undefined;

/** Replaces the token with a newer one of the issuer. Leaves it if that fails: the server decides about the old one. */
export function renew(): Promise<void> {
  running ??= attempt().finally(() => (running = undefined));
  return running;
}

async function attempt(): Promise<void> {
  const grant = session.grant();
  if (!grant?.refreshToken) return;
  try {
    const { renewGrant } = await import("../sign-in/oidc");
    const renewed = await renewGrant(grant.refreshToken);
    if (session.grant() === grant) session.signIn(renewed);
  } catch {
    // the issuer refused it, or cannot be reached
  }
}

/** Returns the token for a call, renewed if it is about to end. */
export async function freshToken(): Promise<string | undefined> {
  const { expiresAt, refreshToken } = session.grant() ?? {};
  if (refreshToken && expiresAt && expiresAt - margin < Date.now() / 1000) await renew();
  return session.token();
}
