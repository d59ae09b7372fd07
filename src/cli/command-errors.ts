import type { OutputConfiguration } from "commander";
import { escapeUnseen } from "../display/shown-text";

/** Reports whether an argument cannot be a secret: a command, an option or a short number. */
const isPlain = (argument: string) => /^(?:-{0,2}[a-z][a-z-]{0,15}|\d{1,9})$/.test(argument);

/** Hides all arguments in errors of the command line, except possible commands, options and short numbers. */
export const withoutArguments: OutputConfiguration = {
  outputError: (text, write) => write(escapeUnseen(redact(text, process.argv.slice(2)))),
};

/** Replaces arguments, the longest first because one may be part of another. */
function redact(text: string, args: readonly string[]): string {
  const given = args.flatMap((argument) => argument.split(/=(.*)/s));
  const secrets = given.filter((argument) => argument && !isPlain(argument)).toSorted((a, b) => b.length - a.length);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "…"), text);
}
