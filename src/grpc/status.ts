import { Metadata, type ServiceError } from "@grpc/grpc-js";
import { Status } from "../../gen/google/rpc/status";
import { internalStatus, statusOf } from "../calls/status";
import type { Refusal } from "../domain/errors";

/**
 * Returns what a caller gets for a refusal: code, message, `google.rpc.Status` in `grpc-status-details-bin`, and
 * `grpc-retry-pushback-ms`, by which gRPC's own retries go: the milliseconds until the next attempt, or a negative number
 * if a repetition would be refused again. Clients can only name codes, and some codes have reasons of both kinds.
 */
export function errorOf(refusal: Refusal, requestId: string): Partial<ServiceError> {
  const { retryAfter = -1 } = refusal.details;
  const error = toError(statusOf(refusal, requestId));
  error.metadata.set("grpc-retry-pushback-ms", String(Math.ceil(retryAfter)));
  return error;
}

/** Returns what a caller gets for a fault of the server. */
export const internalError = (requestId: string): Partial<ServiceError> => toError(internalStatus(requestId));

function toError(status: Status): Pick<ServiceError, "code" | "details" | "metadata"> {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode(status).finish()));
  return { code: status.code, details: status.message, metadata };
}
