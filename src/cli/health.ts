import { type Command, InvalidArgumentError } from "commander";
import { addExamples } from "./help";
import { ownConfig } from "./load";

/** Adds the command that queries the health of a server. */
export function addHealthCommand(program: Command): void {
  const command = program
    .command("health")
    .description("query by the gRPC health protocol whether a server serves; exit with 1 unless it does")
    .option("--address <host:port>", "the server to query (default: the server of this configuration, on this machine)")
    .option("--tls", "use TLS")
    .option("--ca-file <file>", "PEM file with the authority of the server certificate; implies --tls")
    .option("--server-name <name>", "the name in the server certificate, if it differs from the address")
    .option("--service <name>", "query only one service, such as orgroles.v1.RoleService", "")
    .option("--timeout <milliseconds>", "how long to wait for the response", parseTimeout, 5000)
    .action(health);
  addExamples(command, [
    "orgroles health",
    "orgroles health --address roles.example.com:443 --tls --service orgroles.v1.RoleService",
  ]);
}

interface HealthFlags {
  readonly address?: string;
  readonly tls?: boolean;
  readonly caFile?: string;
  readonly serverName?: string;
  readonly service: string;
  readonly timeout: number;
}

function parseTimeout(given: string): number {
  if (!/^[1-9]\d{0,6}$/.test(given)) throw new InvalidArgumentError("It must be a number of milliseconds.");
  return Number(given);
}

async function health({ address, tls, caFile, serverName, service, timeout }: HealthFlags): Promise<void> {
  const { queryHealth } = await import("../observability/health");
  const rest = { authorityFile: caFile, serverName, service, timeout };
  const query = () => {
    if (address !== undefined) return queryHealth({ ...rest, address, tls: tls || caFile ? "verified" : "off" });
    const config = ownConfig();
    // the certificate of this server may not contain the name of this machine
    return queryHealth({ ...rest, address: `${config.host}:${config.port}`, tls: config.tls ? "unverified" : "off" });
  };
  const status = await query();
  console.log(status);
  if (status !== "SERVING") process.exitCode = 1;
}
