import type { Call, StreamingCall } from "../application/request/idempotency";
import type { Action, Reach } from "../domain/authorization";

/** Describes an RPC to the steps of a call. */
export interface RpcDescription {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The action that a caller must be allowed. */
  readonly action: Action;
  /** The part of the environment that it is about. */
  readonly reach: Reach;
  /** Whether its response is a stream. */
  readonly isStream: boolean;
}

/** An RPC with one response, as every transport serves it. */
export interface Rpc extends RpcDescription {
  /** Returns the response to a decoded request: a message, or its bytes. */
  readonly handle: (request: object, call: Call) => Promise<unknown>;
}

/** An RPC whose response is a stream. */
export interface StreamRpc extends RpcDescription {
  /** Returns the messages of the response. A message is made when it is asked for. */
  readonly open: (request: object, call: StreamingCall) => AsyncGenerator<unknown, void, void>;
}
