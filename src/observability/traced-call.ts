/** A call that is being traced. */
export interface TracedCall {
  readonly traceId: string;
  /** Runs work so that its statements belong to the call. */
  run<T>(work: () => T): T;
  /** `code` is the name of a gRPC status, `reason` of an error. */
  end(outcome: { readonly code: string; readonly reason: string | undefined }): void;
}

/** Where spans go. Neither what a caller sends nor the values of a statement ever stand in one. */
export interface Tracing {
  /** Begins the span of a call, in the trace that its caller names in its headers (W3C). */
  call(method: string, header: (name: string) => string | undefined): TracedCall;
  /** Runs a statement in a span of the call that it is for. */
  statement<T>(system: string, sql: string, work: () => Promise<T>): Promise<T>;
  /** Sends what is left. */
  close(): Promise<void>;
}
