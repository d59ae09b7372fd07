import { setLogger } from "@grpc/grpc-js";
import type { Logger } from "pino";

/** Sends what grpc-js has to say to the log; otherwise it goes to standard error as plain lines. */
export function logLibrary(log: Logger): void {
  const at =
    (level: "error" | "info" | "debug") =>
    (...parts: unknown[]) => {
      const message = parts.map(String).join(" ");
      // whoever listens is told so by an error
      if (!message.startsWith("No address added")) log[level]({ library: "grpc-js" }, message);
    };
  setLogger({ error: at("error"), info: at("info"), debug: at("debug") });
}
