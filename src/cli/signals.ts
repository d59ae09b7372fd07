import type { Logger } from "pino";

/** The signals that end a server in order; a terminal that closes sends SIGHUP. */
const endings = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Closes the server at the first signal that ends it, and ends the process at once at the second. */
export function closeOnSignals(log: Logger, close: () => Promise<void>): void {
  const stop = stopping(log, close);
  for (const signal of endings) process.on(signal, stop);
}

/** Returns a function that closes the server when it is first called, and ends the process at once the next time. */
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
