import { type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Status } from "../../gen/google/rpc/status";

/** Returns a status with all its details, each readable in the JSON of the error. */
export function connectErrorOf({ code, message, details }: Status, registry: FileRegistry): ConnectError {
  const error = new ConnectError(message, code); // the numbers are gRPC's
  error.details = details.flatMap(({ typeUrl, value }) => {
    const desc = registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));
    return desc ? [{ desc, value: fromBinary(desc, value) }] : [];
  });
  return error;
}

/** The error of a call whose time has passed. */
export const deadlineExceeded = (): ConnectError => new ConnectError("Deadline exceeded", Code.DeadlineExceeded);
