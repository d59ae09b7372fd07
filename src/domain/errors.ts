import { limits } from "./limits";

/** What kind of failure it is; the transport maps each to one status code. */
export type ErrorKind =
  | "invalid_argument"
  | "not_found"
  | "already_exists"
  | "failed_precondition"
  | "aborted"
  | "resource_exhausted"
  | "unavailable"
  | "unauthenticated"
  | "permission_denied";

/** The kind of every reason. `error_reason.proto` documents the same reasons. */
export const kindOf = {
  INVALID_FIELDS: "invalid_argument",
  SLUG_IMMUTABLE: "invalid_argument",
  PRIORITY_ORDER_MISMATCH: "invalid_argument",
  REPLACEMENT_ROLE_INVALID: "invalid_argument",
  PERMISSION_UNKNOWN: "invalid_argument",
  ROLE_NOT_ASSIGNABLE: "invalid_argument",
  PAGE_TOKEN_INVALID: "invalid_argument",
  REQUEST_ID_REUSED: "invalid_argument",
  ENVIRONMENT_NOT_FOUND: "not_found",
  ROLE_NOT_FOUND: "not_found",
  PERMISSION_NOT_FOUND: "not_found",
  MEMBERSHIP_NOT_FOUND: "not_found",
  GROUP_ROLE_NOT_FOUND: "not_found",
  ENVIRONMENT_EXISTS: "already_exists",
  ROLE_SLUG_TAKEN: "already_exists",
  PERMISSION_SLUG_TAKEN: "already_exists",
  ORGANIZATION_INHERITS_ENVIRONMENT: "failed_precondition",
  REPLACEMENT_DEFAULT_ROLE_REQUIRED: "failed_precondition",
  ROLE_IN_USE: "failed_precondition",
  ROLE_BELONGS_TO_ENVIRONMENT: "failed_precondition",
  MULTIPLE_ROLES_DISABLED: "failed_precondition",
  ORGANIZATION_HAS_CUSTOM_ROLES: "failed_precondition",
  ENVIRONMENT_NOT_EMPTY: "failed_precondition",
  ETAG_MISMATCH: "aborted",
  CONFLICT_RETRY: "aborted",
  ROLE_LIMIT_REACHED: "resource_exhausted",
  PERMISSION_LIMIT_REACHED: "resource_exhausted",
  OVERLOADED: "resource_exhausted",
  CREDENTIALS_MISSING: "unauthenticated",
  CREDENTIALS_INVALID: "unauthenticated",
  SCOPE_INSUFFICIENT: "permission_denied",
  DATABASE_UNAVAILABLE: "unavailable",
  ISSUER_UNAVAILABLE: "unavailable",
} as const satisfies Record<string, ErrorKind>;

export type Reason = keyof typeof kindOf;

/** A broken rule: the field's path as in the request, and the rule. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

export interface Details {
  readonly violations?: readonly Violation[];
  readonly preconditions?: readonly { readonly type: string; readonly subject: string }[];
  readonly quota?: { readonly subject: string; readonly description: string };
  /** Milliseconds after which the same call may succeed. */
  readonly retryAfter?: number;
}

/** A failure the caller is told about. Every changing word of the message is in the metadata too. */
export class Refusal extends Error {
  readonly kind: ErrorKind;

  constructor(
    readonly reason: Reason,
    message: string,
    readonly metadata: Readonly<Record<string, string>> = {},
    readonly details: Details = {},
  ) {
    super(message);
    this.name = "Refusal";
    this.kind = kindOf[reason];
  }
}

function listed(slugs: readonly string[], most: number = limits.slugsInMetadata): string {
  const shown = slugs.slice(0, most);
  return shown.join(",") + (slugs.length > shown.length ? ",…" : "");
}

/** One factory for each reason: the only place where messages and metadata are made. */
export const refuse = {
  /** `count`: of all violations, where the first of them are given. */
  invalidFields: (violations: readonly Violation[], count = violations.length) =>
    new Refusal(
      "INVALID_FIELDS",
      `Invalid request: ${violations[0]?.field} ${violations[0]?.description}` +
        (count > 1 ? ` (and ${count - 1} more)` : ""),
      { violation_count: String(count) },
      { violations: violations.slice(0, limits.violations) },
    ),

  slugImmutable: (slug: string) =>
    new Refusal(
      "SLUG_IMMUTABLE",
      `The slug ${slug} cannot be changed`,
      { slug },
      { violations: [{ field: "update_mask", description: "must not name slug: a slug never changes" }] },
    ),

  priorityOrderMismatch: (difference: {
    missing: readonly string[];
    unknown: readonly string[];
    duplicate: readonly string[];
  }) => {
    const metadata = {
      missing: listed(difference.missing),
      unknown: listed(difference.unknown),
      duplicate: listed(difference.duplicate),
    };
    const faults = Object.entries(difference).flatMap(([fault, slugs]) =>
      slugs.length ? [`${fault}: ${listed(slugs, limits.slugsInMessage)}`] : [],
    );
    return new Refusal(
      "PRIORITY_ORDER_MISMATCH",
      `The order must name every role of the scope exactly once (${faults.join("; ")})`,
      metadata,
      { violations: [{ field: "slugs", description: "must name every role of the scope exactly once" }] },
    );
  },

  replacementRoleInvalid: (field: string, slug: string) =>
    new Refusal(
      "REPLACEMENT_ROLE_INVALID",
      `The replacement ${slug} is not another role of the scope`,
      { replacement_slug: slug },
      { violations: [{ field, description: "must be another role of the scope" }] },
    ),

  permissionUnknown: (slugs: readonly string[]) =>
    new Refusal(
      "PERMISSION_UNKNOWN",
      `The environment has no permission ${listed(slugs, limits.slugsInMessage)}`,
      { permissions: listed(slugs) },
      { violations: [{ field: "permissions", description: "must name permissions of the environment" }] },
    ),

  roleNotAssignable: (slugs: readonly string[], fields: readonly string[]) =>
    new Refusal(
      "ROLE_NOT_ASSIGNABLE",
      `The organization has no role ${listed(slugs, limits.slugsInMessage)}`,
      { roles: listed(slugs) },
      {
        violations: fields
          .slice(0, limits.violations)
          .map((field) => ({ field, description: "must be an effective role of the organization" })),
      },
    ),

  pageTokenInvalid: () =>
    new Refusal(
      "PAGE_TOKEN_INVALID",
      "The page token is damaged or belongs to another list",
      {},
      { violations: [{ field: "page_token", description: "must be a next_page_token of the same list" }] },
    ),

  requestIdReused: (requestId: string) =>
    new Refusal(
      "REQUEST_ID_REUSED",
      `The request id ${requestId} was used for another request`,
      { request_id: requestId },
      { violations: [{ field: "request_id", description: "must be new for each new request" }] },
    ),

  environmentNotFound: (environmentId: string) =>
    new Refusal("ENVIRONMENT_NOT_FOUND", `There is no environment ${environmentId}`, {
      environment_id: environmentId,
    }),

  roleNotFound: (slug: string) => new Refusal("ROLE_NOT_FOUND", `There is no role ${slug} in the scope`, { slug }),

  permissionNotFound: (slug: string) =>
    new Refusal("PERMISSION_NOT_FOUND", `There is no permission ${slug} in the environment`, { slug }),

  membershipNotFound: (organizationId: string, userId: string) =>
    new Refusal("MEMBERSHIP_NOT_FOUND", `The user ${userId} is no member of the organization ${organizationId}`, {
      organization_id: organizationId,
      user_id: userId,
    }),

  groupRoleNotFound: (organizationId: string, groupId: string) =>
    new Refusal("GROUP_ROLE_NOT_FOUND", `The group ${groupId} has no role in the organization ${organizationId}`, {
      organization_id: organizationId,
      group_id: groupId,
    }),

  environmentExists: (environmentId: string) =>
    new Refusal("ENVIRONMENT_EXISTS", `There is an environment ${environmentId}`, { environment_id: environmentId }),

  roleSlugTaken: (slug: string) => new Refusal("ROLE_SLUG_TAKEN", `The role slug ${slug} is taken`, { slug }),

  permissionSlugTaken: (slug: string) =>
    new Refusal("PERMISSION_SLUG_TAKEN", `The permission slug ${slug} is taken`, { slug }),

  organizationInheritsEnvironment: (organizationId: string) =>
    new Refusal(
      "ORGANIZATION_INHERITS_ENVIRONMENT",
      `The organization ${organizationId} has no configuration of its own until its first custom role`,
      { organization_id: organizationId },
      { preconditions: [{ type: "OWN_CONFIGURATION", subject: `organizations/${organizationId}` }] },
    ),

  replacementDefaultRoleRequired: (
    slug: string,
    affected: { count: number; organizationIds: readonly string[]; isEnvironmentDefault: boolean },
  ) =>
    new Refusal(
      "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
      `The role ${slug} is a default role: name a replacement ` +
        `(organizations: ${affected.count}, environment default: ${affected.isEnvironmentDefault})`,
      {
        slug,
        affected_organization_count: String(affected.count),
        is_environment_default: String(affected.isEnvironmentDefault),
      },
      {
        preconditions: affected.organizationIds
          .slice(0, limits.namedOrganizations)
          .map((id) => ({ type: "DEFAULT_ROLE", subject: `organizations/${id}` })),
      },
    ),

  roleInUse: (slug: string, members: number, groups: number) =>
    new Refusal(
      "ROLE_IN_USE",
      `The role ${slug} has ${members} members and ${groups} mapped groups: name a replacement`,
      { slug, membership_count: String(members), group_role_count: String(groups) },
      { preconditions: [{ type: "ROLE_UNUSED", subject: `roles/${slug}` }] },
    ),

  multipleRolesDisabled: (environmentId: string) =>
    new Refusal(
      "MULTIPLE_ROLES_DISABLED",
      `The environment ${environmentId} gives a member one role`,
      { environment_id: environmentId },
      { preconditions: [{ type: "MULTIPLE_ROLES", subject: `environments/${environmentId}` }] },
    ),

  roleBelongsToEnvironment: (slug: string) =>
    new Refusal(
      "ROLE_BELONGS_TO_ENVIRONMENT",
      `The role ${slug} belongs to the environment, not to the organization`,
      { slug },
      { preconditions: [{ type: "CUSTOM_ROLE", subject: `roles/${slug}` }] },
    ),

  organizationHasCustomRoles: (organizationId: string, count: number) =>
    new Refusal(
      "ORGANIZATION_HAS_CUSTOM_ROLES",
      `The organization ${organizationId} still has ${count} custom roles`,
      { organization_id: organizationId, custom_role_count: String(count) },
      { preconditions: [{ type: "NO_CUSTOM_ROLES", subject: `organizations/${organizationId}` }] },
    ),

  environmentNotEmpty: (environmentId: string, organizationCount: number) =>
    new Refusal(
      "ENVIRONMENT_NOT_EMPTY",
      `${organizationCount} organizations of the environment ${environmentId} have data; set force to delete it too`,
      { environment_id: environmentId, organization_count: String(organizationCount) },
      { preconditions: [{ type: "NO_ORGANIZATION_DATA", subject: `environments/${environmentId}` }] },
    ),

  etagMismatch: (etag: string) =>
    new Refusal("ETAG_MISMATCH", `The resource has changed since etag ${etag} was read`, { etag }),

  conflictRetry: () =>
    new Refusal("CONFLICT_RETRY", "Other writers were faster; nothing was changed", {}, { retryAfter: 100 }),

  roleLimitReached: (subject: string, limit: number) =>
    new Refusal(
      "ROLE_LIMIT_REACHED",
      `At most ${limit} roles are possible here`,
      { limit: String(limit) },
      { quota: { subject, description: `at most ${limit} roles` } },
    ),

  permissionLimitReached: (subject: string, limit: number) =>
    new Refusal(
      "PERMISSION_LIMIT_REACHED",
      `At most ${limit} permissions are possible here`,
      { limit: String(limit) },
      { quota: { subject, description: `at most ${limit} permissions` } },
    ),

  overloaded: (what: "queue" | "rate_limit" | "streams", retryAfter: number) =>
    new Refusal("OVERLOADED", `Too many calls (${what}); nothing was done`, { limit: what }, { retryAfter }),

  credentialsMissing: () =>
    new Refusal("CREDENTIALS_MISSING", "The call needs credentials: authorization: Bearer TOKEN, or a certificate"),

  credentialsInvalid: () => new Refusal("CREDENTIALS_INVALID", "The credentials are not known, or not valid any more"),

  scopeInsufficient: (scope: "action" | "environment" | "organization" | "claim") =>
    new Refusal("SCOPE_INSUFFICIENT", `The credentials do not allow this (${scope})`, { scope }),

  issuerUnavailable: () =>
    new Refusal("ISSUER_UNAVAILABLE", "The issuer of the token cannot be reached now", {}, { retryAfter: 1000 }),

  databaseUnavailable: () =>
    new Refusal("DATABASE_UNAVAILABLE", "The database cannot answer now", {}, { retryAfter: 1000 }),
};
