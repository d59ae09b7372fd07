/** The tokens of a sign-in. A pasted token has no others with it. */
export interface Grant {
  readonly token: string;
  readonly refreshToken?: string | undefined;
  /** The end of the token, in seconds since 1970. */
  readonly expiresAt?: number | undefined;
}

/** The grant of this tab. It is kept in the session storage, which ends with the tab, and is in no address. */
const key = "orgroles-token";

type Listener = () => void;

function readGrant(): Grant | undefined {
  try {
    const text = sessionStorage.getItem(key);
    return text ? (JSON.parse(text) as Grant) : undefined;
  } catch {
    return undefined;
  }
}

class Session {
  private readonly listeners = new Set<Listener>();
  private current = readGrant();
  private isExpired = false;

  readonly grant = () => this.current;
  readonly token = () => this.current?.token;
  readonly expired = () => this.isExpired;
  readonly subscribe = (listener: Listener) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  signIn(grant: Grant): void {
    sessionStorage.setItem(key, JSON.stringify(grant));
    this.current = grant;
    this.isExpired = false;
    this.notify();
  }

  signOut(): void {
    sessionStorage.removeItem(key);
    this.current = undefined;
    this.isExpired = false;
    this.notify();
  }

  /** Records that the server no longer accepts the token. What is typed on the page stays there. */
  expire(): void {
    if (this.isExpired) return;
    this.isExpired = true;
    this.notify();
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }
}

export const session = new Session();
