import type { Command } from "commander";
import { describeDatabaseUrl } from "../persistence/connection/database-url";
import { examples } from "./help";
import { loadCommands, ownConfig } from "./load";

/** Adds the command that shows what the sweep has left to do. */
export function addSweepProgressCommand(program: Command): void {
  const command = program
    .command("sweep-progress")
    .description("print how many rows of members each environment has left to sweep")
    .action(async () => {
      const config = ownConfig();
      console.log(`Database: ${describeDatabaseUrl(config.database)}`);
      const { sweepProgress } = await loadCommands();
      console.table(await sweepProgress(config));
    });
  examples(command, ["orgroles sweep-progress"]);
}
