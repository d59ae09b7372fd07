import type { App, KnownEnvironment } from "../app/app";
import type { Config } from "../config/config";
import { describeDatabaseUrl } from "../persistence/connection/database-url";

/** Describes a server that listens. */
export interface Started extends Pick<App, "address" | "httpAddress" | "metricsAddress" | "databaseTrouble"> {
  readonly environment: KnownEnvironment;
}

/** Returns the text that a server prints when it listens: its addresses, and a first call that works. */
export function banner(config: Config, started: Started): string {
  const { address, httpAddress, metricsAddress, databaseTrouble, environment } = started;
  const lines = [`Org Roles listens on ${address}${config.tls ? " (TLS)" : ""}`];
  if (httpAddress) lines.push(`HTTP: ${config.tls ? "https" : "http"}://${httpAddress}/`);
  if (httpAddress && config.console) lines.push(`Console: ${config.tls ? "https" : "http"}://${httpAddress}/console/`);
  lines.push(`Database: ${describeDatabaseUrl(config.database)}`);
  if (databaseTrouble) lines.push(`Not ready; retrying: ${databaseTrouble}`);
  if (metricsAddress) lines.push(`Metrics and probes: http://${metricsAddress}/metrics /livez /readyz`);
  if (environment === "none") {
    lines.push("No environment exists yet. Create one with ORGROLES_ENVIRONMENTS=dev or with this call:");
    lines.push(...callCommands(config, address, "EnvironmentService/CreateEnvironment", { environment_id: "dev" }));
  } else {
    lines.push("A first call:");
    lines.push(
      ...(environment === "unknown"
        ? callCommands(config, address, "EnvironmentService/ListEnvironments", {})
        : callCommands(config, address, "RoleService/ListEnvironmentRoles", { environment_id: environment.id })),
    );
  }
  return lines.join("\n");
}

/** Returns two commands that make a call, one for each of two common programs. */
function callCommands({ credentials, jwt, tls }: Config, address: string, method: string, request: object): string[] {
  const target = address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  const header = credentials.length || jwt ? "-H 'authorization: Bearer TOKEN' " : "";
  const data = quote(JSON.stringify(request));
  const [plain, scheme, clear] = tls ? ["", "https", ""] : ["-plaintext ", "http", "--http2-prior-knowledge "];
  return [
    `  grpcurl ${plain}${header}-d ${data} ${target} orgroles.v1.${method}`,
    `  npx @bufbuild/buf curl --protocol grpc ${clear}${header}-d ${data} ${scheme}://${target}/orgroles.v1.${method}`,
  ];
}

const quote = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
