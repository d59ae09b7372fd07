import type { TracedCall } from "../calls/traced-call";

/** Where spans go. Neither what a caller sends nor the values of a statement ever stand in one. */
export interface Tracing {
  /** Begins the span of a call, in the trace that its caller names in its headers (W3C). */
  call(method: string, header: (name: string) => string | undefined): TracedCall;
  /** Runs a statement in a span of the call that it is for. */
  statement<T>(system: string, sql: string, work: () => Promise<T>): Promise<T>;
  /** Sends what is left. */
  close(): Promise<void>;
}
