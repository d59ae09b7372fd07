import { type DestinationStream, type LogFn, type Logger, pino } from "pino";
import { describeError, serializeError } from "./error-serializer";

/** Creates the log of a process. It contains errors in the form that `serializeError` returns. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino({ level, serializers: { err: serializeError }, hooks: { logMethod: withDefaultMessage } }, destination);
}

/** Adds a message to a line that has only an error: pino would use the message of the error. */
function withDefaultMessage(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  if (args.length === 1 && typeof args[0] === "object") method.call(this, args[0], "error");
  else method.apply(this, args);
}

/**
 * Reports uncaught errors with `report` and ends the process, as Node does. Node's own report prints all properties of
 * the error.
 */
export function reportCrashes(
  report: (error: unknown) => void = (error) => console.error(`Unexpected error: ${describeError(error)}`),
): void {
  process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => {
    report(error);
    process.exit(1);
  });
}

/** Logs the crashes and warnings of the process instead of Node, which prints their messages. */
export function logProcess(log: Logger): void {
  reportCrashes((error) => log.fatal({ err: error }, "crashed"));
  process.removeAllListeners("warning").on("warning", (warning) => log.warn({ err: warning }, "Node issued a warning"));
}
