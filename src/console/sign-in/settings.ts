/** How people sign in with OpenID Connect, as the server has put it into the page. */
export interface SignInSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly scopes: string;
}

function read(): SignInSettings | undefined {
  try {
    const { content = "" } = document.querySelector<HTMLMetaElement>('meta[name="sign-in"]') ?? {};
    return content ? (JSON.parse(content) as SignInSettings) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined if people paste a token. */
export const signInSettings = read();

/** The host of the issuer, by which people recognize it. */
export const issuerHost = signInSettings && new URL(signInSettings.issuer).host;
