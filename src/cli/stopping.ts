import type { Logger } from "pino";

/** Returns a listener of signals that ends the process in order at the first signal, and at once at the second. */
export function stopping(log: Logger, close: () => Promise<void>): (signal: NodeJS.Signals) => void {
  let begun = false;
  return (signal) => {
    if (begun) process.exit(1);
    begun = true;
    log.info({ signal }, "stopping");
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "not stopped cleanly");
        process.exit(1);
      },
    );
  };
}
