import { type Reason, Refusal, type Violation } from "../domain/errors";

/** The status of HTTP, and the code that clients look for. */
export interface Answer {
  readonly status: number;
  readonly code: string;
}

/** A rule that only this API has, with the code that its clients expect. */
export class CodedRefusal extends Refusal {
  constructor(
    readonly answer: Answer,
    message: string,
    violations: readonly Violation[] = [],
  ) {
    super("INVALID_FIELDS", message, { violation_count: String(violations.length) }, { violations });
  }
}

const notFound: Answer = { status: 404, code: "entity_not_found" };
const badRequest: Answer = { status: 400, code: "bad_request" };
const conflict: Answer = { status: 409, code: "conflict" };
const unauthorized: Answer = { status: 401, code: "unauthorized" };
const forbidden: Answer = { status: 403, code: "forbidden" };
const tooMany: Answer = { status: 429, code: "rate_limit_exceeded" };
const unavailable: Answer = { status: 503, code: "unavailable" };
/** The answer for parameters that break a rule. */
export const invalidRequest: Answer = { status: 422, code: "invalid_request_parameters" };

/** The answer to a client of this API for each reason. */
const answers: Readonly<Record<Reason, Answer>> = {
  INVALID_FIELDS: invalidRequest,
  SLUG_IMMUTABLE: invalidRequest,
  PRIORITY_ORDER_MISMATCH: badRequest,
  REPLACEMENT_ROLE_INVALID: badRequest,
  PERMISSION_UNKNOWN: notFound,
  ROLE_NOT_ASSIGNABLE: { status: 422, code: "invalid_role" },
  PAGE_TOKEN_INVALID: invalidRequest,
  RESUME_TOKEN_INVALID: badRequest,
  REQUEST_ID_REUSED: { status: 422, code: "idempotency_key_reused" },
  RESUME_TOKEN_EXPIRED: badRequest,
  ENVIRONMENT_NOT_FOUND: notFound,
  ROLE_NOT_FOUND: notFound,
  PERMISSION_NOT_FOUND: notFound,
  MEMBERSHIP_NOT_FOUND: notFound,
  GROUP_ROLE_NOT_FOUND: notFound,
  ENVIRONMENT_EXISTS: conflict,
  MEMBERSHIP_EXISTS: { status: 409, code: "organization_membership_already_exists" },
  ROLE_SLUG_TAKEN: { status: 409, code: "role_slug_conflict" },
  PERMISSION_SLUG_TAKEN: { status: 409, code: "permission_slug_conflict" },
  ORGANIZATION_INHERITS_ENVIRONMENT: badRequest,
  REPLACEMENT_DEFAULT_ROLE_REQUIRED: badRequest,
  ROLE_IN_USE: { status: 409, code: "role_has_assignments" },
  ROLE_BELONGS_TO_ENVIRONMENT: badRequest,
  MULTIPLE_ROLES_DISABLED: { status: 422, code: "multiple_roles_not_enabled" },
  ORGANIZATION_HAS_CUSTOM_ROLES: badRequest,
  ENVIRONMENT_NOT_EMPTY: badRequest,
  ETAG_MISMATCH: conflict,
  CONFLICT_RETRY: conflict,
  ROLE_LIMIT_REACHED: { status: 422, code: "role_limit_reached" },
  PERMISSION_LIMIT_REACHED: { status: 422, code: "permission_limit_reached" },
  WATCH_LIMIT_REACHED: tooMany,
  OVERLOADED: tooMany,
  CREDENTIALS_MISSING: unauthorized,
  CREDENTIALS_INVALID: unauthorized,
  SCOPE_INSUFFICIENT: forbidden,
  ESCALATION_REFUSED: forbidden,
  DATABASE_UNAVAILABLE: unavailable,
  ISSUER_UNAVAILABLE: unavailable,
  METHOD_UNKNOWN: { status: 404, code: "not_found" },
};

/** Returns the answer for a refusal whose code depends on what exactly was refused. */
export function answerTo(refusal: Refusal): Answer {
  if (refusal instanceof CodedRefusal) return refusal.answer;
  const { reason, metadata, details } = refusal;
  switch (reason) {
    case "INVALID_FIELDS":
      return details.violations?.every(({ field }) => field === "request") ? badRequest : answers[reason];
    case "PRIORITY_ORDER_MISMATCH":
      if (metadata["duplicate"]) return { ...badRequest, code: "duplicate_role_slugs" };
      return metadata["unknown"] ? { ...badRequest, code: "unknown_role_slugs" } : badRequest;
    case "ROLE_IN_USE":
      return metadata["membership_count"] === "0"
        ? { ...answers[reason], code: "role_has_group_role_mappings" }
        : answers[reason];
    default:
      return answers[reason];
  }
}
