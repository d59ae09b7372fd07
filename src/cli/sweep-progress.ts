import type { Command } from "commander";
import { loadApp, ownConfig } from "./load";

/** Adds the command that shows what the sweep has left to do. */
export function addSweepProgressCommand(program: Command): void {
  program
    .command("sweep-progress")
    .description("print how many rows of members each environment has left to sweep")
    .action(async () => {
      const { sweepProgress } = await loadApp();
      console.table(await sweepProgress(ownConfig()));
    });
}
