import type { Command } from "commander";

/** Adds examples to the end of a command's help. */
export function addExamples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText("after", ["", "Examples:", ...lines.map((line) => `  ${line}`)].join("\n"));
}
