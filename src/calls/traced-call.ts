/** A call that is traced. */
export interface TracedCall {
  readonly traceId: string;
  /** Runs work so that its statements belong to the call. */
  run<T>(work: () => T): T;
  /** `code` is the name of a gRPC status, `reason` of an error. */
  end(outcome: { readonly code: string; readonly reason: string | undefined }): void;
}
