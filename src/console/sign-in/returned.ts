import { session } from "../api/session";
import { channelName, ofAnotherTab, takePending } from "./pending";
import { signInSettings } from "./settings";

/** How this page came back from the issuer. */
export type Returned = "not" | "completing" | "for-another-tab";

let state: Returned = "not";
let failure = "";
const listeners = new Set<() => void>();

export const returned = {
  state: () => state,
  /** Why the last sign-in did not succeed. */
  failure: () => failure,
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

function tell(now: Returned, why = ""): void {
  state = now;
  failure = why;
  for (const listener of listeners) listener();
}

/** Exchanges an answer of the issuer for tokens, and says why if that fails. */
export async function complete(answer: URLSearchParams, pending = takePending()): Promise<void> {
  try {
    const { completeSignIn } = await import("./oidc");
    session.signIn(await completeSignIn(answer, pending));
    tell("not");
  } catch (error) {
    tell("not", error instanceof Error ? error.message : String(error));
  }
}

/** Takes the answer of the issuer out of the address before anything else happens, and acts on it. */
export function takeAnswer(): void {
  const { pathname, search } = window.location;
  const answer = new URLSearchParams(search);
  const its = answer.get("state");
  if (!signInSettings || pathname !== "/console/" || its === null || !(answer.has("code") || answer.has("error")))
    return;
  const pending = takePending();
  window.history.replaceState(null, "", pending?.path ?? pathname);
  if (its.startsWith(ofAnotherTab)) {
    tell("for-another-tab");
    const channel = new BroadcastChannel(channelName);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one origin
    channel.postMessage(answer.toString());
    channel.close();
    window.close();
    return;
  }
  tell("completing");
  void complete(answer, pending);
}
