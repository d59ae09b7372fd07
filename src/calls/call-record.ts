import type { CodeName } from "./status";

/** The outcome of a call. */
export interface CallRecord {
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly code: CodeName;
  /** The reason of an error. */
  readonly reason: string | undefined;
  /** Milliseconds, with three decimals. */
  readonly duration: number;
  /** Present for a stream, whose duration says nothing about the service. */
  readonly isStream?: true;
  /** Absent if the credentials were unknown. */
  readonly caller: string | undefined;
  readonly requestId: string;
  /** Absent if calls are not traced. */
  readonly traceId?: string;
}
