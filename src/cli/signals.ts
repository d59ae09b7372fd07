import type { Logger } from "pino";
import type { App } from "../app/app";

/** Maximum time to stop, in milliseconds: the time for calls in flight, and the time that a hung database may take. */
const longestStop = 25_000;

/** The signals that stop a server cleanly. A terminal that closes sends SIGHUP. */
export const stopSignals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Closes the server at the first stop signal, and ends the process at once at the second. */
export const closeOnSignals = (log: Logger, close: () => Promise<void>): void => onSignals(createStop(log, close));

/** Calls a function at every stop signal. */
export function onSignals(stop: (signal: NodeJS.Signals) => void): void {
  for (const signal of stopSignals) process.on(signal, stop);
}

/** Returns a function that closes the server at the first call, and ends the process at once at the second. */
export function createStop(log: Logger, close: () => Promise<void>): (signal: NodeJS.Signals) => void {
  let isStopping = false;
  return (signal) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, "stopping");
    setTimeout(() => {
      log.fatal({ milliseconds: longestStop }, "did not stop in time");
      process.exit(1);
    }, longestStop).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "failed to stop");
        process.exit(1);
      },
    );
  };
}

/** Starts an app that `stop` can also end during its start; `started` is then undefined. */
export function startStoppable(log: Logger, start: (signal: AbortSignal) => Promise<App>) {
  const stopped = new AbortController();
  const app = start(stopped.signal);
  const unlessStopped = (error: unknown) => {
    if (!stopped.signal.aborted) throw error;
    return undefined;
  };
  const stop = createStop(log, async () => {
    stopped.abort();
    await (await app.catch(unlessStopped))?.close();
  });
  return { stop, started: app.catch(unlessStopped) };
}
