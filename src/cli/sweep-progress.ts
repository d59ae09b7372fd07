import type { Command } from "commander";
import { describeDatabaseUrl } from "../persistence/connection/database-url";
import { addExamples } from "./help";
import { loadCommands, ownConfig } from "./load";

/** Adds the command that prints how much the sweep has left to do. */
export function addSweepProgressCommand(program: Command): void {
  const command = program
    .command("sweep-progress")
    .description("print the number of member rows that are left to sweep in each environment")
    .action(async () => {
      const config = ownConfig();
      console.log(`Database: ${describeDatabaseUrl(config.database)}`);
      const { sweepProgress } = await loadCommands();
      console.table(await sweepProgress(config));
    });
  addExamples(command, ["orgroles sweep-progress"]);
}
