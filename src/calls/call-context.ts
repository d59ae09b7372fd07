import type { PeerCertificate } from "node:tls";
import type { Call, StreamingCall } from "../application/request/idempotency";
import type { Caller } from "../domain/authorization";
import type { Applicant } from "./admission";
import type { TracedCall } from "./traced-call";
import type { RpcDescription } from "./rpc";

/**
 * A call between its headers and its end, created by its transport. One object has everything about the call: closures for
 * each step would keep more in memory, and for longer.
 */
export interface CallContext extends Call, Applicant {
  readonly rpc: RpcDescription;
  /** The id from the header `x-request-id`, or one that was created for the call. */
  readonly requestId: string;
  /** When the headers arrived, in milliseconds by `performance.now()`. */
  readonly since: number;
  /** Absent if calls are not traced. */
  readonly traced: TracedCall | undefined;
  /** Absent until the caller is identified. */
  caller: Caller | undefined;
  /** Returns a header of the request, by its name in lower case. */
  header(name: string): string | undefined;
  /** Returns the certificate of the connection's peer, if the certificate was verified. */
  peerCertificate(): PeerCertificate | undefined;
}

/** A call whose response is a stream. */
export interface StreamContext extends CallContext, StreamingCall {
  caller: Caller | undefined;
  readonly signal: AbortSignal;
  /** Returns whether the connection may have one more watch, and counts this one until the call ends. */
  countOnConnection(most: number): boolean;
  /** Ends the stream: its signal is aborted with the reason. */
  abort(reason: unknown): void;
}
