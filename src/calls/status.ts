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

/** The status codes that this service returns, by the names that all transports share. */
export const codes = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export type CodeName = keyof typeof codes;

const codeOf: Record<ErrorKind, CodeName> = {
  invalid_argument: "INVALID_ARGUMENT",
  not_found: "NOT_FOUND",
  already_exists: "ALREADY_EXISTS",
  failed_precondition: "FAILED_PRECONDITION",
  aborted: "ABORTED",
  out_of_range: "OUT_OF_RANGE",
  resource_exhausted: "RESOURCE_EXHAUSTED",
  unavailable: "UNAVAILABLE",
  unauthenticated: "UNAUTHENTICATED",
  permission_denied: "PERMISSION_DENIED",
  unimplemented: "UNIMPLEMENTED",
};

/** Returns the code of a refusal. */
export const codeNameOf = ({ kind }: Refusal): CodeName => codeOf[kind];

/**
 * The most bytes of details in one error. Details travel as base64 in a header, and clients reject headers over 8 KiB in
 * all: lists are cut to fit, while the metadata keeps the whole count.
 */
const detailBytes = 5400;

/** Returns a refusal as `google.rpc.Status` with its details. A result of a batch has no request id. */
export function statusOf(refusal: Refusal, requestId?: string): Status {
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

/** Returns the status of a fault of the server. It contains nothing of the fault but the id to find it by in the log. */
export function internalStatus(requestId: string): Status {
  const details = new Details();
  details.add("ErrorInfo", ErrorInfo.encode(errorInfo("INTERNAL", { request_id: requestId })));
  details.add("RequestInfo", RequestInfo.encode({ requestId, servingData: "" }));
  return details.toStatus("INTERNAL", `Internal error; request id ${requestId}`);
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

  /** Returns as many of the items as there is room left for. */
  fitting<T extends object>(items: readonly T[]): T[] {
    let room = detailBytes - this.bytes;
    const end = items.findIndex((item) => {
      for (const text of Object.values(item)) room -= Buffer.byteLength(String(text)) + 4;
      return room < 0;
    });
    return items.slice(0, end < 0 ? items.length : end);
  }

  toStatus(code: CodeName, message: string): Status {
    return Status.fromPartial({ code: codes[code], message, details: this.packed });
  }
}
