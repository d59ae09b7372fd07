import { Fault } from "../domain/fault";

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

/** That OpenTelemetry knows, and this does not. */
const otherProtocols = new Set(["grpc", "http/json"]);

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Traces if OpenTelemetry's own variables name an endpoint for them, by OTLP over HTTP. Otherwise nothing of it is
 * loaded. Throws when they ask for what there is not.
 */
export async function startTracing(variables: Variables): Promise<Tracing | undefined> {
  if (!isWanted(variables)) return undefined;
  const [name, protocol] = protocolOf(variables);
  if (protocol !== "http/protobuf") {
    const shown = otherProtocols.has(protocol) ? protocol : "its value";
    throw new Fault(`${name}: ${shown} is not supported, http/protobuf is`);
  }
  const { OpenTelemetry } = await import("./open-telemetry");
  try {
    return new OpenTelemetry();
  } catch (error) {
    throw new Fault("OpenTelemetry cannot be started: check the values of the variables OTEL_EXPORTER_OTLP_…", {
      cause: error,
    });
  }
}

function isWanted(variables: Variables): boolean {
  const endpoint = variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || variables["OTEL_EXPORTER_OTLP_ENDPOINT"];
  const isOff =
    variables["OTEL_SDK_DISABLED"]?.toLowerCase() === "true" || variables["OTEL_TRACES_EXPORTER"] === "none";
  return Boolean(endpoint) && !isOff;
}

function protocolOf(variables: Variables): [name: string, protocol: string] {
  for (const name of ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]) {
    const protocol = variables[name];
    if (protocol) return [name, protocol];
  }
  return ["", "http/protobuf"];
}
