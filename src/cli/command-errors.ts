import type { OutputConfiguration } from "commander";
import { escapeUnseen } from "../display/shown-text";

/** Words that are nobody's secret: commands, options and short numbers. */
const isPlain = (argument: string) => /^(?:-{0,2}[a-z][a-z-]{0,15}|\d{1,9})$/.test(argument);

/** Has errors about the command line repeat an argument only if it could be a command or an option. */
export const withoutArguments: OutputConfiguration = {
  outputError: (text, write) => write(escapeUnseen(redact(text, process.argv.slice(2)))),
};

/** Longest first: one argument may be part of another. */
function redact(text: string, args: readonly string[]): string {
  const given = args.flatMap((argument) => argument.split(/=(.*)/s));
  const secrets = given.filter((argument) => argument && !isPlain(argument)).toSorted((a, b) => b.length - a.length);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "…"), text);
}
