import type { DestinationStream } from "pino";
import { SonicBoom } from "sonic-boom";
import { GatheredLines } from "./gathered-lines";

export type LogFormat = "auto" | "json" | "text";

/** Characters that wait for a reader that is too slow; more are dropped. */
const longestBacklog = 16 * 1024 * 1024;

/**
 * Returns where the log goes: standard error, as JSON lines or as text for people. `auto` is text on a terminal. Text
 * names processes only where there are several.
 */
export async function logDestination(
  format: LogFormat,
  { processes }: { processes: number },
): Promise<DestinationStream> {
  const lines = new GatheredLines(standardError({ sync: false }), () => standardError({ sync: true }));
  const isTerminal = process.stderr.isTTY;
  if (format === "json" || (format === "auto" && !isTerminal)) return lines;
  const { prettyFactory } = await import("pino-pretty");
  const prettify = prettyFactory({
    colorize: isTerminal && process.stderr.hasColors(), // minds NO_COLOR
    translateTime: "SYS:HH:MM:ss.l",
    ignore: processes > 1 ? "hostname" : "pid,hostname",
    singleLine: true,
  });
  return { write: (line) => lines.write(prettify(printable(line))) };
}

function standardError({ sync }: { sync: boolean }): SonicBoom {
  const file = new SonicBoom({ dest: 2, sync, maxLength: longestBacklog });
  return file.on("error", () => undefined); // a reader that is gone, or a disk that is full, stops no service
}

const escaped = /\\\\|\\u00(?:0[0-8bcef]|1[0-9a-f])|\\[bfr]/gi;
const bare = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Replaces what would control a terminal in a line of JSON. */
function printable(line: string): string {
  return line.replaceAll(escaped, (found) => (found === "\\\\" ? found : "\uFFFD")).replaceAll(bare, "\uFFFD");
}
