import type { Call } from "../application/request/idempotency";
import type { Action } from "../domain/authorization";

/** An RPC as every transport serves it. */
export interface Rpc {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The action that a caller must be allowed. */
  readonly action: Action;
  /** Whether the response to a caller of some organizations contains only what is theirs. */
  readonly isFiltered: boolean;
  /** Returns the response to a decoded request: a message, or its bytes. */
  readonly handle: (request: object, call: Call) => Promise<unknown>;
}
