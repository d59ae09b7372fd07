import type { EnvironmentId, RequestId } from "../../domain/values";

/** The response to a request id. */
export interface IdempotencyRecord {
  readonly requestId: RequestId;
  /** Distinguishes requests that have the same id. */
  readonly fingerprint: string;
  /** The response, as far as JSON can represent it. */
  readonly answer: unknown;
  readonly createTime: number;
}

/** The responses to request ids. They belong to an environment's id and outlive the environment. */
export interface IdempotencyStore {
  /** Returns the record of a request id, or undefined if there is none made at `since` or later. Locks nothing. */
  find(environment: EnvironmentId, requestId: RequestId, since: number): Promise<IdempotencyRecord | undefined>;
  /**
   * Adds a record, or replaces one from before `since`. Locks the record until the transaction ends. If a younger
   * record exists, the whole transaction runs again.
   */
  save(environment: EnvironmentId, record: IdempotencyRecord, since: number): Promise<void>;
}
