import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { isConflict, isConnectionLoss, isTemporary } from "./errors";

type Listener = () => void;

/** Knows whether the server answers, from the outcome of the calls. */
class Connection {
  private readonly listeners = new Set<Listener>();
  private isLost = false;

  readonly lost = () => this.isLost;
  readonly subscribe = (listener: Listener) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  report(lost: boolean): void {
    if (this.isLost === lost) return;
    this.isLost = lost;
    for (const listener of this.listeners) listener();
  }
}

export const connection = new Connection();

const onError = (error: Error) => connection.report(isConnectionLoss(error));

/** Reads again what is on the page, but for previews: those are about what was done just now. */
const readAgain = () => void queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "preview" });

/** Reads again what may be old, once the server answers again. */
const onAnswer = () => {
  if (!connection.lost()) return;
  connection.report(false);
  readAgain();
};

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError, onSuccess: onAnswer }),
  mutationCache: new MutationCache({
    onError: (error) => {
      onError(error);
      if (isConflict(error)) readAgain(); // what is there now is shown beside the refusal
    },
    onSuccess: () => {
      connection.report(false);
      readAgain();
    },
  }),
  defaultOptions: {
    queries: {
      // the server may be on this machine, which needs no network
      networkMode: "always",
      retry: (count, error) => count < 1 && isTemporary(error),
      retryDelay: 300,
      staleTime: 2_000,
      refetchInterval: (query) => (query.state.status === "error" && isTemporary(query.state.error) ? 3_000 : false),
    },
    mutations: { networkMode: "always", retry: false },
  },
});
