const loopback = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Returns the rule that a URL of an issuer breaks, in the configuration or in its discovery document. Nobody on the network
 * may change the keys of an issuer, and logs and errors contain the URL, so it must not contain a password.
 */
export function issuerUrlFault(text: string): string | undefined {
  const rule = "must be a URL with https://, or with http:// on this machine";
  if (!/^https?:\/\/[!-~]+$/.test(text) || !URL.canParse(text)) return rule;
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== "https:" && !loopback.has(hostname)) return rule;
  return username || password ? "must not contain a user or a password" : undefined;
}

/** Returns a URL for people, without its query, which may contain a secret. */
export function describeUrl(text: string): string {
  const { origin, pathname, search } = new URL(text);
  return `${origin}${pathname}${search && "?…"}`;
}
