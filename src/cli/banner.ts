import type { App } from "../app";
import type { Config } from "../config";
import { describeDatabaseUrl } from "../persistence/database-url";

/** Returns what a server prints once it listens: where it is, and a first call to it. */
export function banner(config: Config, { address, metricsAddress }: Pick<App, "address" | "metricsAddress">): string {
  const environment = config.environments[0];
  const [rpc, request] = environment
    ? ["RoleService/ListEnvironmentRoles", { environment_id: environment }]
    : ["EnvironmentService/ListEnvironments", {}];
  const json = JSON.stringify(request);
  const lines = [`Org Roles listens on ${address}${config.tls ? " (TLS)" : ""}`];
  lines.push(`Database: ${describeDatabaseUrl(config.database)}`);
  if (metricsAddress) lines.push(`Metrics and probes: http://${metricsAddress}/metrics /livez /readyz`);
  const isOpen = !config.credentials.length && !config.jwt;
  const header = isOpen ? "" : "-H 'authorization: Bearer TOKEN' ";
  const [plain, scheme, clear] = config.tls ? ["", "https", ""] : ["-plaintext ", "http", "--http2-prior-knowledge "];
  lines.push(
    "A first call:",
    `  grpcurl ${plain}${header}-d '${json}' ${address} orgroles.v1.${rpc}`,
    `  npx buf curl --protocol grpc ${clear}${header}-d '${json}' ${scheme}://${address}/orgroles.v1.${rpc}`,
  );
  return lines.join("\n");
}
