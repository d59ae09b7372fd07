import type { Command } from "commander";

/** Ends the program when a default command was given an argument, which is a misspelt command. */
export function onlyCommands(program: Command, [first]: readonly string[]): undefined {
  if (first !== undefined) program.error(`error: unknown command '${first}'`);
}
