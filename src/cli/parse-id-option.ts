import { InvalidArgumentError } from "commander";
import { parseId } from "../domain/values";

/** Parses the value of an option. Ends the command with the rule if it is no id. */
export function parseIdOption<Id extends string>(text: string): Id {
  const parsed = parseId<Id>(text);
  if ("rule" in parsed) throw new InvalidArgumentError(`It ${parsed.rule}.`);
  return parsed.value;
}
