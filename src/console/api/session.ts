/** The token of this tab. It is kept in the session storage, which ends with the tab, and is in no address. */
const key = "orgroles-token";

type Listener = () => void;

class Session {
  private readonly listeners = new Set<Listener>();
  private current = sessionStorage.getItem(key) ?? undefined;
  private isExpired = false;

  readonly token = () => this.current;
  readonly expired = () => this.isExpired;
  readonly subscribe = (listener: Listener) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  signIn(token: string): void {
    sessionStorage.setItem(key, token);
    this.current = token;
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
