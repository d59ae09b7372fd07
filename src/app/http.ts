import path from "node:path";
import type { CallPipeline } from "../calls/pipeline";
import type { Config, HttpAddress } from "../config/config";
import { listenFailure } from "../display/listen-failure";
import type { HttpServer } from "../http/http-server";
import type { ListenerOptions } from "../http/listener";
import type { PathServer } from "../http/router";
import type { Services } from "./services";

/** The folder of the built console. */
const consoleFolder = path.join(path.dirname(require.resolve("#package")), "dist", "console");

type Parts = Pick<ListenerOptions, "services" | "pipeline" | "connections" | "tls" | "serving"> & {
  readonly useCases: Services;
};

/** Returns the listener for HTTP. Its libraries are loaded only where something is served over HTTP. */
export async function openHttp(config: Config, { useCases, ...parts }: Parts): Promise<HttpServer> {
  const { createListener } = await import("../http/listener");
  return createListener({
    ...parts,
    paths: config.workos && (await openWorkos(config.workos, useCases, parts.pipeline)),
    requestTimeout: config.transport.requestTimeout,
    origins: config.httpOrigins,
    isOpen: !config.credentials.length && !config.jwt,
    console: config.console && { ...config.console, folder: consoleFolder },
  });
}

async function openWorkos(
  { environment }: NonNullable<Config["workos"]>,
  useCases: Services,
  pipeline: CallPipeline,
): Promise<PathServer> {
  const { WorkosApi } = await import("../workos/workos-api");
  return new WorkosApi({ useCases, pipeline, environment, ids: () => useCases.workosIds.get() });
}

/**
 * Listens for HTTP. Returns the address, or why there is none: the default address, for which nobody asked, may belong to
 * another process. Throws a Fault if any other address cannot be used.
 */
export async function listenOverHttp(
  address: HttpAddress | undefined,
  server: HttpServer | undefined,
): Promise<{ readonly httpAddress: string | undefined; readonly httpTrouble: string | undefined }> {
  if (!address || !server) return { httpAddress: undefined, httpTrouble: undefined };
  const { host, port, isDefault } = address;
  try {
    return { httpAddress: `${host}:${await server.listen(host, port)}`, httpTrouble: undefined };
  } catch (error) {
    const failure = listenFailure({ setting: "ORGROLES_HTTP_ADDRESS", host, port }, error);
    if (!isDefault) throw failure;
    return { httpAddress: undefined, httpTrouble: failure.message };
  }
}
