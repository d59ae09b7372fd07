import type { Command } from "commander";
import { describeConfig, readConfig } from "../config/config";
import { escapeUnseen } from "../display/shown-text";
import { addExamples } from "./help";
import { loadCommands } from "./load";

/** Adds the command that prints the configuration or its faults. */
export function addCheckConfigCommand(program: Command): void {
  const command = program
    .command("check-config")
    .description("print the effective configuration without secrets, or all of its faults")
    .action(async () => {
      const config = readConfig(process.env);
      if (config.tls) await (await loadCommands()).checkFiles(config);
      console.log(escapeUnseen(JSON.stringify(describeConfig(config), undefined, 2)));
    });
  addExamples(command, ["orgroles check-config", "ORGROLES_CONFIG_FILE=orgroles.yaml orgroles check-config"]);
}
