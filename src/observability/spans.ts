import type { TracedCall } from "../calls/traced-call";

/** Records spans. A span never contains values of a request or of a statement. */
export interface Tracing {
  /** Begins the span of a call, in the trace that the headers of the call name (W3C). */
  call(method: string, header: (name: string) => string | undefined): TracedCall;
  /** Runs a statement in a span of its call. */
  statement<T>(system: string, sql: string, work: () => Promise<T>): Promise<T>;
  /** Sends the remaining spans. */
  close(): Promise<void>;
}
