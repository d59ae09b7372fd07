import { setLogger } from "@grpc/grpc-js";
import type { Logger } from "pino";

/** How messages begin that are worth a line. What follows may be a header with its value, credentials for one. */
const beginnings = ["Failed to add metadata entry", "Failed to set secure context", "cannot parse value of"];

/** Sends to the log that grpc-js had something to say, which it would print to standard error, values and all. */
export function logLibrary(log: Logger): void {
  const say = (...parts: unknown[]) => {
    const [first] = parts;
    const beginning = beginnings.find((one) => typeof first === "string" && first.includes(one));
    if (beginning) log.debug({ library: "grpc-js" }, beginning);
  };
  setLogger({ error: say, info: say, debug: say });
}
