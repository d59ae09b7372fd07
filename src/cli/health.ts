import { type Command, InvalidArgumentError } from "commander";
import { examples } from "./help";
import { ownConfig } from "./load";

/** Adds the command that asks a server for its health. */
export function addHealthCommand(program: Command): void {
  const command = program
    .command("health")
    .description("ask a server by the gRPC health protocol whether it serves; ends with 1 unless it does")
    .option("--address <host:port>", "whom to ask; else the server of this configuration, on this machine")
    .option("--tls", "ask over TLS")
    .option("--ca-file <file>", "who has to have signed its certificate, PEM; implies --tls")
    .option("--server-name <name>", "the name that its certificate has to have, if not that of the address")
    .option("--service <name>", "ask for one service, such as orgroles.v1.RoleService", "")
    .option("--timeout <milliseconds>", "how long to wait for the answer", parseTimeout, 5000)
    .action(health);
  examples(command, [
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
    // its own server, whose certificate has other names than this machine's
    return queryHealth({ ...rest, address: `${config.host}:${config.port}`, tls: config.tls ? "unverified" : "off" });
  };
  const status = await query();
  console.log(status);
  if (status !== "SERVING") process.exitCode = 1;
}
