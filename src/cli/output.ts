/** Keeps a closed standard output or standard error from ending the process. */
export function ignoreClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners("error").on("error", () => undefined);
}

/** Ends a command whose output nobody can have: quietly where its reader has left, such as `head`. */
export function endOnClosedOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") console.error(`Standard output cannot be written: ${error.message}`);
    process.exit(1);
  });
  process.stderr.on("error", () => undefined);
}
