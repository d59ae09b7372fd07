import { Command } from "commander";
import { addBlueprintCommands } from "./blueprints/commands";
import { describeError } from "../observability/error-serializer";
import { reportCrashes } from "../observability/log";
import { describeDatabaseUrl } from "../persistence/connection/database-url";
import { addCheckConfigCommand } from "./check-config";
import { withoutArguments } from "./command-errors";
import { addEventsCommand } from "./events";
import { addHealthCommand } from "./health";
import { addImportCommands } from "./import/commands";
import { loadCommands, ownConfig } from "./load";
import { addMigrateCommands } from "./migrate";
import { endOnClosedOutput } from "./output";
import { addServeCommand } from "./serve";
import { addSweepProgressCommand } from "./sweep-progress";
import { addTokenCommands } from "./token";

const { version } = require("#package") as { version: string };

/** Runs the command that the arguments of the process name. */
export async function run(): Promise<void> {
  reportCrashes();
  endOnClosedOutput();
  try {
    await commandLine().parseAsync();
  } catch (error) {
    console.error(describeError(error));
    process.exitCode = 1;
    if (process.connected) process.disconnect(); // a worker would wait for its supervisor
  }
}

const help = `
Environment variables and a file contain the settings: see docs/configuration.md and \`orgroles check-config\`.

Examples:
  orgroles
  ORGROLES_ADDRESS=127.0.0.1:8080 orgroles serve
  orgroles migrate status
  orgroles export dev > roles.yaml
  orgroles events dev --follow

Exit codes:
  0  the command succeeded, or the server stopped cleanly
  1  the command failed, or the command line or the configuration is invalid
     (\`health\`: the server does not serve)
  2  the database lacks migrations (\`migrate status\`), or the file would change something
     (\`apply --dry-run --detailed-exitcode\`)`;

function commandLine(): Command {
  const program = new Command("orgroles")
    .description("Org Roles: the open role service for products that sell to organizations")
    .version(version)
    .configureOutput(withoutArguments)
    .showHelpAfterError("See `orgroles --help`.")
    .addHelpText("after", help);
  addServeCommand(program);
  addMigrateCommands(program);
  addTokenCommands(program);
  addCheckConfigCommand(program);
  addSweepProgressCommand(program);
  addBlueprintCommands(program, async (work) => {
    const { withServices } = await loadCommands();
    const config = ownConfig();
    await withServices(config, ({ blueprints }) => work(blueprints, describeDatabaseUrl(config.database)));
  });
  addImportCommands(program);
  addEventsCommand(program);
  addHealthCommand(program);
  return program;
}
