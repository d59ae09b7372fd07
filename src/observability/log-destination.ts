import type { DestinationStream } from "pino";
import { SonicBoom } from "sonic-boom";
import { GatheredLines } from "./gathered-lines";

export type LogFormat = "auto" | "json" | "text";

/** Characters that wait for a slow reader. Further lines are dropped. */
const longestBacklog = 16 * 1024 * 1024;

/**
 * Returns the destination of the log: standard error, as JSON lines or as text for people. `auto` means text on a
 * terminal. Text contains the process id only if there are several processes.
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
    colorize: isTerminal && process.stderr.hasColors(), // respects NO_COLOR
    translateTime: "SYS:HH:MM:ss.l",
    ignore: processes > 1 ? "hostname" : "pid,hostname",
    singleLine: true,
  });
  return { write: (line) => lines.write(prettify(replaceControls(line))) };
}

function standardError({ sync }: { sync: boolean }): SonicBoom {
  const file = new SonicBoom({ dest: 2, sync, maxLength: longestBacklog });
  return file.on("error", () => undefined); // the service goes on if the reader is gone or the disk is full
}

const escaped = /\\\\|\\u00(?:0[0-8bcef]|1[0-9a-f])|\\[bfr]/gi;
const bare = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Replaces the characters in a line of JSON that would control a terminal. */
function replaceControls(line: string): string {
  return line.replaceAll(escaped, (found) => (found === "\\\\" ? found : "\uFFFD")).replaceAll(bare, "\uFFFD");
}
