import { type Command, InvalidArgumentError } from "commander";
import { addExamples } from "./help";
import { type ServerFlags, addServerOptions, targetOf } from "./server-flags";

/** Adds the command that queries the health of a server. */
export function addHealthCommand(program: Command): void {
  const command = program
    .command("health")
    .description("query by the gRPC health protocol whether a server serves; exit with 1 unless it does");
  addServerOptions(command)
    .option("--service <name>", "query only one service, such as orgroles.v1.RoleService", "")
    .option("--timeout <milliseconds>", "how long to wait for the response", parseTimeout, 5000)
    .action(health);
  addExamples(command, [
    "orgroles health",
    "orgroles health --address roles.example.com:443 --tls --service orgroles.v1.RoleService",
  ]);
}

interface HealthFlags extends ServerFlags {
  readonly service: string;
  readonly timeout: number;
}

function parseTimeout(given: string): number {
  if (!/^[1-9]\d{0,6}$/.test(given)) throw new InvalidArgumentError("It must be a number of milliseconds.");
  return Number(given);
}

async function health({ service, timeout, ...server }: HealthFlags): Promise<void> {
  const { queryHealth } = await import("../observability/health");
  const status = await queryHealth({ ...targetOf(server), service, timeout });
  console.log(status);
  if (status !== "SERVING") process.exitCode = 1;
}
