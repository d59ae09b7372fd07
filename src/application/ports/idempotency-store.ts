import type { EnvironmentId, RequestId } from "../../domain/values";

/** The answer to a request id. */
export interface IdempotencyRecord {
  readonly requestId: RequestId;
  /** Tells one request from another. */
  readonly fingerprint: string;
  /** What JSON can represent. */
  readonly answer: unknown;
  readonly createTime: number;
}

export interface IdempotencyStore {
  /** The answer, unless it was made before `since`. */
  find(environment: EnvironmentId, requestId: RequestId, since: number): Promise<IdempotencyRecord | undefined>;
  /** Takes the place of an answer made before `since`. Of two at once one succeeds, the other runs again. */
  save(environment: EnvironmentId, answer: IdempotencyRecord, since: number): Promise<void>;
}
