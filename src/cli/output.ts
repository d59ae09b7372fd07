import type { Writable } from "node:stream";

/** Keeps the process running if standard output or standard error is closed. */
export function ignoreClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners("error").on("error", () => undefined);
}

/** Ends a command that cannot write its output. It reports nothing if the reader, such as `head`, has ended. */
export function endOnClosedOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") console.error(`Cannot write to standard output: ${error.message}`);
    process.exit(1);
  });
  process.stderr.on("error", () => undefined);
}

/** Writes the text, and reports whether that succeeded. */
export const writeText = (output: Writable, text: string): Promise<boolean> =>
  new Promise((resolve) => output.write(text, (error) => resolve(!error)));
