import { ConfigError, readConfig } from "../../src/config/config";

/** Returns what is wrong with a configuration; throws where nothing is. */
export function faultsOf(variables: Record<string, string>): readonly string[] {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error("the configuration was accepted");
}
