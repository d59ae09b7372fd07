import { Command } from "commander";
import { addBlueprintCommands } from "../blueprints/commands";
import { addCheckConfigCommand } from "./check-config";
import { addHealthCommand } from "./health";
import { loadApp, ownConfig } from "./load";
import { addMigrateCommands } from "./migrate";
import { addServeCommand } from "./serve";
import { addSweepProgressCommand } from "./sweep-progress";
import { addTokenCommands } from "./token";

const { version } = require("#package") as { version: string };

/** Runs the command that the arguments of the process name. */
export async function run(): Promise<void> {
  try {
    await commandLine().parseAsync();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
    if (process.connected) process.disconnect(); // a worker would wait for its supervisor
  }
}

function commandLine(): Command {
  const program = new Command("orgroles")
    .description("Org Roles: the open role service for products that sell to organizations")
    .version(version)
    .showHelpAfterError("See `orgroles --help`.")
    .addHelpText(
      "after",
      "\nSettings are environment variables and a file: see README.md, and `orgroles check-config`.",
    );
  addServeCommand(program);
  addMigrateCommands(program);
  addTokenCommands(program);
  addCheckConfigCommand(program);
  addSweepProgressCommand(program);
  addBlueprintCommands(program, async (work) => {
    const { withServices } = await loadApp();
    await withServices(ownConfig(), ({ blueprints }) => work(blueprints));
  });
  addHealthCommand(program);
  return program;
}
