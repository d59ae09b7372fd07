import type { Logger } from "pino";
import type { App } from "../app/app";

/** Milliseconds that stopping may take: what calls in flight have, and then as long as a hung database may take. */
const longestStop = 25_000;

/** The signals that end a server in order; a terminal that closes sends SIGHUP. */
export const endings = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Closes the server at the first signal that ends it, and ends the process at once at the second. */
export const closeOnSignals = (log: Logger, close: () => Promise<void>): void => onSignals(stopping(log, close));

/** Calls a function at every signal that ends a server. */
export function onSignals(stop: (signal: NodeJS.Signals) => void): void {
  for (const signal of endings) process.on(signal, stop);
}

/** Returns a function that closes the server when it is first called, and ends the process at once the next time. */
export function stopping(log: Logger, close: () => Promise<void>): (signal: NodeJS.Signals) => void {
  let begun = false;
  return (signal) => {
    if (begun) process.exit(1);
    begun = true;
    log.info({ signal }, "stopping");
    setTimeout(() => {
      log.fatal({ milliseconds: longestStop }, "not stopped in time");
      process.exit(1);
    }, longestStop).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "not stopped cleanly");
        process.exit(1);
      },
    );
  };
}

/** Starts an app that `stop` also ends while it starts: `started` is undefined then. */
export function startStoppable(log: Logger, start: (signal: AbortSignal) => Promise<App>) {
  const stopped = new AbortController();
  const app = start(stopped.signal);
  const unlessStopped = (error: unknown) => {
    if (!stopped.signal.aborted) throw error;
    return undefined;
  };
  const stop = stopping(log, async () => {
    stopped.abort();
    await (await app.catch(unlessStopped))?.close();
  });
  return { stop, started: app.catch(unlessStopped) };
}
