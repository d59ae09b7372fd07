/** The values with which this tab checks the answer of the issuer. No other tab has them. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The address to return to. */
  readonly path: string;
}

const key = "orgroles-sign-in";

/** Begins the states of sign-ins in a tab of their own, whose answer belongs to the tab that opened it. */
export const ofAnotherTab = "tab.";

export const channelName = "orgroles-sign-in";

export const savePending = (pending: PendingSignIn): void => sessionStorage.setItem(key, JSON.stringify(pending));

/** Returns the pending sign-in of this tab and forgets it: an answer is used once. */
export function takePending(): PendingSignIn | undefined {
  const text = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  return text ? (JSON.parse(text) as PendingSignIn) : undefined;
}
