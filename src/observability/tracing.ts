import { Fault } from "../domain/fault";
import type { Tracing } from "./spans";

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
