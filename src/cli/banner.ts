import type { App, KnownEnvironment } from "../app/app";
import type { Config } from "../config/config";
import { describeDatabaseUrl } from "../persistence/connection/database-url";

/** Describes a server that listens. */
export interface Started extends Pick<App, "address" | "metricsAddress" | "databaseTrouble"> {
  readonly environment: KnownEnvironment;
}

/** Returns what a server prints once it listens: where it is, and a first call to it that works. */
export function banner(config: Config, { address, metricsAddress, databaseTrouble, environment }: Started): string {
  const lines = [`Org Roles listens on ${address}${config.tls ? " (TLS)" : ""}`];
  lines.push(`Database: ${describeDatabaseUrl(config.database)}`);
  if (databaseTrouble) lines.push(`Not ready, and trying again: ${databaseTrouble}`);
  if (metricsAddress) lines.push(`Metrics and probes: http://${metricsAddress}/metrics /livez /readyz`);
  if (environment === "none") {
    lines.push("There is no environment yet. Create one with ORGROLES_ENVIRONMENTS=dev, or by this call:");
    lines.push(...calls(config, address, "EnvironmentService/CreateEnvironment", { environment_id: "dev" }));
  } else {
    lines.push("A first call:");
    lines.push(
      ...(environment === "unknown"
        ? calls(config, address, "EnvironmentService/ListEnvironments", {})
        : calls(config, address, "RoleService/ListEnvironmentRoles", { environment_id: environment.id })),
    );
  }
  return lines.join("\n");
}

/** Returns the commands that make a call: whoever has one of the two programs can copy a line. */
function calls({ credentials, jwt, tls }: Config, address: string, method: string, request: object): string[] {
  const target = address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  const header = credentials.length || jwt ? "-H 'authorization: Bearer TOKEN' " : "";
  const data = quoted(JSON.stringify(request));
  const [plain, scheme, clear] = tls ? ["", "https", ""] : ["-plaintext ", "http", "--http2-prior-knowledge "];
  return [
    `  grpcurl ${plain}${header}-d ${data} ${target} orgroles.v1.${method}`,
    `  npx @bufbuild/buf curl --protocol grpc ${clear}${header}-d ${data} ${scheme}://${target}/orgroles.v1.${method}`,
  ];
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
