import type { Command } from "commander";

/** Ends the program if a default command has an argument: it is a misspelled command. */
export function rejectArguments(program: Command, [first]: readonly string[]): undefined {
  if (first !== undefined) program.error(`error: unknown command '${first}'`);
}
