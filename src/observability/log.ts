import { type DestinationStream, type LogFn, type Logger, pino } from "pino";
import { describeError, serializeError } from "./error-serializer";

/** Makes the log of a process. Of errors it has what `serializeError` takes. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino({ level, serializers: { err: serializeError }, hooks: { logMethod: withOwnMessage } }, destination);
}

/** Without a message pino takes that of the error. */
function withOwnMessage(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  if (args.length === 1 && typeof args[0] === "object") method.call(this, args[0], "error");
  else method.apply(this, args);
}

/**
 * From now on an error that nobody caught ends the process as it does without this, but `report` says what it was: Node
 * prints all its properties.
 */
export function reportCrashes(
  report: (error: unknown) => void = (error) => console.error(`Unexpected: ${describeError(error)}`),
): void {
  process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => {
    report(error);
    process.exit(1);
  });
}

/** Has the log take the crashes and the warnings of the process, which Node prints with their messages. */
export function logProcess(log: Logger): void {
  reportCrashes((error) => log.fatal({ err: error }, "crashed"));
  process.removeAllListeners("warning").on("warning", (warning) => log.warn({ err: warning }, "warning of Node"));
}
