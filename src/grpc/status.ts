import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  RetryInfo,
} from "../../gen/google/rpc/error_details";
import { Status } from "../../gen/google/rpc/status";
import type { ErrorKind, Refusal } from "../domain/errors";

const codeOf: Record<ErrorKind, status> = {
  invalid_argument: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  failed_precondition: status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
  permission_denied: status.PERMISSION_DENIED,
};

/**
 * Bytes of details in one error. They travel as base64 in a header, and clients refuse headers over 8 KiB in all: lists
 * are cut to fit, while the metadata keeps the whole count.
 */
const detailBytes = 5400;

/**
 * What a caller gets for a refusal: code, message, `google.rpc.Status` in `grpc-status-details-bin`, and what gRPC's own
 * retries go by: in how many milliseconds, or, less than none, that a repetition would be refused again. Clients can
 * only name codes, and some codes have reasons of both kinds.
 */
export function statusOf(refusal: Refusal, requestId: string): Partial<ServiceError> {
  const { retryAfter = -1 } = refusal.details;
  const error = toError(detailedStatus(refusal, requestId));
  error.metadata.set("grpc-retry-pushback-ms", String(Math.ceil(retryAfter)));
  return error;
}

/** Returns the same as a message; without a request id it is a result of a batch. */
export function detailedStatus(refusal: Refusal, requestId?: string): Status {
  const { violations = [], preconditions = [], quota, retryAfter } = refusal.details;
  const details = new Details();
  details.add("ErrorInfo", ErrorInfo.encode(errorInfo(refusal.reason, refusal.metadata)));
  if (requestId !== undefined) details.add("RequestInfo", RequestInfo.encode({ requestId, servingData: "" }));
  if (retryAfter !== undefined)
    details.add("RetryInfo", RetryInfo.encode(RetryInfo.fromPartial({ retryDelay: durationOf(retryAfter) })));
  if (quota) details.add("QuotaFailure", QuotaFailure.encode(QuotaFailure.fromPartial({ violations: [quota] })));
  if (violations.length) {
    const fieldViolations = details.fitting(violations);
    details.add("BadRequest", BadRequest.encode(BadRequest.fromPartial({ fieldViolations })));
  }
  if (preconditions.length) {
    const fitting = { violations: details.fitting(preconditions) };
    details.add("PreconditionFailure", PreconditionFailure.encode(PreconditionFailure.fromPartial(fitting)));
  }
  return details.toStatus(codeOf[refusal.kind], refusal.message);
}

/** A fault of the server: the caller learns nothing but where to find it in the log. */
export function internalError(requestId: string): Partial<ServiceError> {
  const details = new Details();
  details.add("ErrorInfo", ErrorInfo.encode(errorInfo("INTERNAL", { request_id: requestId })));
  details.add("RequestInfo", RequestInfo.encode({ requestId, servingData: "" }));
  return toError(details.toStatus(status.INTERNAL, `Internal error; request id ${requestId}`));
}

const errorInfo = (reason: string, metadata: Readonly<Record<string, string>>) =>
  ErrorInfo.fromPartial({ reason, domain: "orgroles", metadata });

const durationOf = (milliseconds: number) => ({
  seconds: Math.floor(milliseconds / 1000),
  nanos: (milliseconds % 1000) * 1_000_000,
});

class Details {
  private readonly packed: { typeUrl: string; value: Buffer }[] = [];
  private bytes = 0;

  add(name: string, message: { finish(): Uint8Array }): void {
    const value = Buffer.from(message.finish());
    this.bytes += value.length;
    this.packed.push({ typeUrl: `type.googleapis.com/google.rpc.${name}`, value });
  }

  /** As many of the items as there is room left for. */
  fitting<T extends object>(items: readonly T[]): T[] {
    let room = detailBytes - this.bytes;
    const end = items.findIndex((item) => {
      for (const text of Object.values(item)) room -= Buffer.byteLength(String(text)) + 4;
      return room < 0;
    });
    return items.slice(0, end < 0 ? items.length : end);
  }

  toStatus(code: status, message: string): Status {
    return Status.fromPartial({ code, message, details: this.packed });
  }
}

function toError(detailed: Status): Pick<ServiceError, "code" | "details" | "metadata"> {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode(detailed).finish()));
  return { code: detailed.code, details: detailed.message, metadata };
}
