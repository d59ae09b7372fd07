import { setLogger } from "@grpc/grpc-js";
import type { Logger } from "pino";

/** Beginnings of messages that are worth a line. The rest of a message may be a header with its value, such as a token. */
const beginnings = ["Failed to add metadata entry", "Failed to set secure context", "cannot parse value of"];

/** Logs the beginning of what grpc-js reports. By itself grpc-js prints whole messages, with values, to standard error. */
export function logLibrary(log: Logger): void {
  const say = (...parts: unknown[]) => {
    const [first] = parts;
    const beginning = beginnings.find((one) => typeof first === "string" && first.includes(one));
    if (beginning) log.debug({ library: "grpc-js" }, beginning);
  };
  setLogger({ error: say, info: say, debug: say });
}
