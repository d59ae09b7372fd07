import { Fault } from "../domain/fault";
import type { Tracing } from "./spans";

/** Protocols that OpenTelemetry defines and this service does not support. */
const otherProtocols = new Set(["grpc", "http/json"]);

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Starts tracing by OTLP over HTTP if OpenTelemetry's own variables name an endpoint; otherwise loads nothing of it.
 * Throws if the variables name an unsupported protocol or OpenTelemetry rejects them.
 */
export async function startTracing(variables: Variables): Promise<Tracing | undefined> {
  if (!isWanted(variables)) return undefined;
  const [name, protocol] = protocolOf(variables);
  if (protocol !== "http/protobuf") {
    const shown = otherProtocols.has(protocol) ? protocol : "its value";
    throw new Fault(`${name}: ${shown} is not supported; set it to http/protobuf`);
  }
  const { OpenTelemetry } = await import("./open-telemetry");
  try {
    return new OpenTelemetry();
  } catch (error) {
    throw new Fault("OpenTelemetry cannot start; check the values of the variables OTEL_EXPORTER_OTLP_…", {
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
