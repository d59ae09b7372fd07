import type { CodeName } from "./status";

/** What a call looked like when it had ended. */
export interface CallRecord {
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly code: CodeName;
  /** The reason of an error. */
  readonly reason: string | undefined;
  /** Milliseconds, in thousandths. */
  readonly duration: number;
  /** Absent if the credentials were unknown. */
  readonly caller: string | undefined;
  readonly requestId: string;
  /** Absent if calls are not traced. */
  readonly traceId?: string;
}
