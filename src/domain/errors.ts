import { limits } from "./limits";
import { overloads, scopeFailures } from "./refusal-texts";

/** The kinds of failure. Each transport maps a kind to one status code. */
export type ErrorKind =
  | "invalid_argument"
  | "not_found"
  | "already_exists"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "resource_exhausted"
  | "unavailable"
  | "unauthenticated"
  | "permission_denied"
  | "unimplemented";

/** Maps every reason to its kind. `error_reason.proto` documents the same reasons. */
export const kindOf = {
  INVALID_FIELDS: "invalid_argument",
  SLUG_IMMUTABLE: "invalid_argument",
  PRIORITY_ORDER_MISMATCH: "invalid_argument",
  REPLACEMENT_ROLE_INVALID: "invalid_argument",
  PERMISSION_UNKNOWN: "invalid_argument",
  ROLE_NOT_ASSIGNABLE: "invalid_argument",
  PAGE_TOKEN_INVALID: "invalid_argument",
  RESUME_TOKEN_INVALID: "invalid_argument",
  REQUEST_ID_REUSED: "invalid_argument",
  RESUME_TOKEN_EXPIRED: "out_of_range",
  ENVIRONMENT_NOT_FOUND: "not_found",
  ROLE_NOT_FOUND: "not_found",
  PERMISSION_NOT_FOUND: "not_found",
  MEMBERSHIP_NOT_FOUND: "not_found",
  GROUP_ROLE_NOT_FOUND: "not_found",
  ENVIRONMENT_EXISTS: "already_exists",
  MEMBERSHIP_EXISTS: "already_exists",
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
  WATCH_LIMIT_REACHED: "resource_exhausted",
  OVERLOADED: "resource_exhausted",
  CREDENTIALS_MISSING: "unauthenticated",
  CREDENTIALS_INVALID: "unauthenticated",
  SCOPE_INSUFFICIENT: "permission_denied",
  ESCALATION_REFUSED: "permission_denied",
  DATABASE_UNAVAILABLE: "unavailable",
  ISSUER_UNAVAILABLE: "unavailable",
  METHOD_UNKNOWN: "unimplemented",
} as const satisfies Record<string, ErrorKind>;

export type Reason = keyof typeof kindOf;

/** A rule that a field breaks. `field` is its path in the request; `description` is the rule. */
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

/** A failure that is reported to the caller. The metadata contains every variable part of the message. */
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

/** Joins the first slugs for metadata. */
function joinSlugs(slugs: readonly string[]): string {
  const { slugsInMetadata } = limits;
  return slugs.slice(0, slugsInMetadata).join(",") + (slugs.length > slugsInMetadata ? ",…" : "");
}

/** Lists the first slugs for a message, each in quotes. */
function quoteSlugs(slugs: readonly string[]): string {
  const quoted = slugs.slice(0, limits.slugsInMessage).map((slug) => `"${slug}"`);
  return (slugs.length > quoted.length ? [...quoted, "…"] : quoted).join(", ");
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Makes every refusal. There is one factory for each reason; no other code writes messages or metadata. */
export const refuse = {
  /** `violations` may be only the first of `total`. */
  invalidFields: (violations: readonly Violation[], total = violations.length) =>
    new Refusal(
      "INVALID_FIELDS",
      `Invalid request: ${violations[0]?.field} ${violations[0]?.description}` +
        (total > 1 ? ` (and ${count(total - 1, "more violation")})` : ""),
      { violation_count: String(total) },
      { violations: violations.slice(0, limits.violations) },
    ),

  slugImmutable: (slug: string) =>
    new Refusal(
      "SLUG_IMMUTABLE",
      `Slug "${slug}" cannot be changed; remove slug from update_mask`,
      { slug },
      { violations: [{ field: "update_mask", description: "must not contain slug: a slug never changes" }] },
    ),

  priorityOrderMismatch: (difference: {
    missing: readonly string[];
    unknown: readonly string[];
    duplicate: readonly string[];
  }) => {
    const metadata = {
      missing: joinSlugs(difference.missing),
      unknown: joinSlugs(difference.unknown),
      duplicate: joinSlugs(difference.duplicate),
    };
    const differences = Object.entries(difference).flatMap(([kind, slugs]) =>
      slugs.length ? [`${kind}: ${quoteSlugs(slugs)}`] : [],
    );
    return new Refusal(
      "PRIORITY_ORDER_MISMATCH",
      `The priority order must contain every role of the scope exactly once (${differences.join("; ")})`,
      metadata,
      { violations: [{ field: "slugs", description: "must contain every role of the scope exactly once" }] },
    );
  },

  replacementRoleInvalid: (field: string, slug: string) =>
    new Refusal(
      "REPLACEMENT_ROLE_INVALID",
      `Role "${slug}" cannot be the replacement; set ${field} to another role of the scope`,
      { replacement_slug: slug },
      { violations: [{ field, description: "must be another role of the scope" }] },
    ),

  permissionUnknown: (slugs: readonly string[]) =>
    new Refusal(
      "PERMISSION_UNKNOWN",
      slugs.length === 1
        ? `Permission ${quoteSlugs(slugs)} does not exist in the environment`
        : `Permissions ${quoteSlugs(slugs)} do not exist in the environment`,
      { permissions: joinSlugs(slugs) },
      { violations: [{ field: "permissions", description: "must contain only permissions of the environment" }] },
    ),

  roleNotAssignable: (slugs: readonly string[], fields: readonly string[]) =>
    new Refusal(
      "ROLE_NOT_ASSIGNABLE",
      slugs.length === 1
        ? `Role ${quoteSlugs(slugs)} is not an effective role of the organization`
        : `Roles ${quoteSlugs(slugs)} are not effective roles of the organization`,
      { roles: joinSlugs(slugs) },
      {
        violations: fields
          .slice(0, limits.violations)
          .map((field) => ({ field, description: "must be an effective role of the organization" })),
      },
    ),

  resumeTokenInvalid: () =>
    new Refusal(
      "RESUME_TOKEN_INVALID",
      "The resume token is damaged or belongs to another environment",
      {},
      { violations: [{ field: "after", description: "must be a resume_token of the same environment" }] },
    ),

  resumeTokenExpired: (oldestResumeToken: string) =>
    new Refusal("RESUME_TOKEN_EXPIRED", "Events after the resume token have been deleted; begin at the oldest one", {
      oldest_resume_token: oldestResumeToken,
    }),

  pageTokenInvalid: () =>
    new Refusal(
      "PAGE_TOKEN_INVALID",
      "page_token is damaged or belongs to another list",
      {},
      { violations: [{ field: "page_token", description: "must be a next_page_token of the same list" }] },
    ),

  requestIdReused: (requestId: string) =>
    new Refusal(
      "REQUEST_ID_REUSED",
      `request_id "${requestId}" was already used for another request; use a new UUID`,
      { request_id: requestId },
      { violations: [{ field: "request_id", description: "must be a new UUID for each new request" }] },
    ),

  environmentNotFound: (environmentId: string) =>
    new Refusal("ENVIRONMENT_NOT_FOUND", `Environment "${environmentId}" does not exist`, {
      environment_id: environmentId,
    }),

  roleNotFound: (slug: string) =>
    new Refusal("ROLE_NOT_FOUND", `Role "${slug}" does not exist in this scope`, { slug }),

  permissionNotFound: (slug: string) =>
    new Refusal("PERMISSION_NOT_FOUND", `Permission "${slug}" does not exist in the environment`, { slug }),

  membershipNotFound: (organizationId: string, userId: string) =>
    new Refusal("MEMBERSHIP_NOT_FOUND", `User "${userId}" is not a member of organization "${organizationId}"`, {
      organization_id: organizationId,
      user_id: userId,
    }),

  groupRoleNotFound: (organizationId: string, groupId: string) =>
    new Refusal(
      "GROUP_ROLE_NOT_FOUND",
      `Group "${groupId}" is not mapped to a role of organization "${organizationId}"`,
      { organization_id: organizationId, group_id: groupId },
    ),

  environmentExists: (environmentId: string) =>
    new Refusal("ENVIRONMENT_EXISTS", `Environment "${environmentId}" already exists`, {
      environment_id: environmentId,
    }),

  membershipExists: (organizationId: string, userId: string) =>
    new Refusal("MEMBERSHIP_EXISTS", `User "${userId}" is already a member of organization "${organizationId}"`, {
      organization_id: organizationId,
      user_id: userId,
    }),

  roleSlugTaken: (slug: string) =>
    new Refusal("ROLE_SLUG_TAKEN", `A role with the slug "${slug}" already exists`, { slug }),

  permissionSlugTaken: (slug: string) =>
    new Refusal("PERMISSION_SLUG_TAKEN", `A permission with the slug "${slug}" already exists`, { slug }),

  organizationInheritsEnvironment: (organizationId: string) =>
    new Refusal(
      "ORGANIZATION_INHERITS_ENVIRONMENT",
      `Organization "${organizationId}" inherits the environment's default role and priority order; ` +
        "create a custom role first, or change the environment",
      { organization_id: organizationId },
      { preconditions: [{ type: "OWN_CONFIGURATION", subject: `organizations/${organizationId}` }] },
    ),

  /** `field` names the field that sets another default role. */
  replacementDefaultRoleRequired: (
    field: string,
    slug: string,
    affected: { count: number; organizationIds: readonly string[]; isEnvironmentDefault: boolean },
  ) => {
    const owners = [
      ...(affected.isEnvironmentDefault ? ["the environment"] : []),
      ...(affected.count ? [count(affected.count, "organization")] : []),
    ];
    return new Refusal(
      "REPLACEMENT_DEFAULT_ROLE_REQUIRED",
      `Role "${slug}" is the default role of ${owners.join(" and ")}; set ${field}`,
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
    );
  },

  roleInUse: (slug: string, members: number, groups: number) => {
    const uses = [...(members ? [count(members, "member")] : []), ...(groups ? [count(groups, "group mapping")] : [])];
    return new Refusal(
      "ROLE_IN_USE",
      `Role "${slug}" is in use by ${uses.join(" and ")}; set replacement_role_slug`,
      { slug, membership_count: String(members), group_role_count: String(groups) },
      { preconditions: [{ type: "ROLE_UNUSED", subject: `roles/${slug}` }] },
    );
  },

  multipleRolesDisabled: (environmentId: string) =>
    new Refusal(
      "MULTIPLE_ROLES_DISABLED",
      `Environment "${environmentId}" allows only one role per member; ` +
        "assign one role, or enable multiple roles (multiple_roles_enabled) first",
      { environment_id: environmentId },
      { preconditions: [{ type: "MULTIPLE_ROLES", subject: `environments/${environmentId}` }] },
    ),

  roleBelongsToEnvironment: (slug: string) =>
    new Refusal(
      "ROLE_BELONGS_TO_ENVIRONMENT",
      `Role "${slug}" belongs to the environment, not to the organization; ` +
        "omit organization_id, or call DeleteEnvironmentRole to delete it",
      { slug },
      { preconditions: [{ type: "CUSTOM_ROLE", subject: `roles/${slug}` }] },
    ),

  organizationHasCustomRoles: (organizationId: string, customRoles: number) =>
    new Refusal(
      "ORGANIZATION_HAS_CUSTOM_ROLES",
      `Organization "${organizationId}" still has ${count(customRoles, "custom role")}; ` +
        `delete ${customRoles === 1 ? "it" : "them"} first`,
      { organization_id: organizationId, custom_role_count: String(customRoles) },
      { preconditions: [{ type: "NO_CUSTOM_ROLES", subject: `organizations/${organizationId}` }] },
    ),

  environmentNotEmpty: (environmentId: string, organizations: number) =>
    new Refusal(
      "ENVIRONMENT_NOT_EMPTY",
      `Environment "${environmentId}" contains data of ${count(organizations, "organization")}; ` +
        "set force to delete this data too",
      { environment_id: environmentId, organization_count: String(organizations) },
      { preconditions: [{ type: "NO_ORGANIZATION_DATA", subject: `environments/${environmentId}` }] },
    ),

  etagMismatch: (etag: string) =>
    new Refusal("ETAG_MISMATCH", `The resource has changed since etag "${etag}" was read; read it again`, { etag }),

  conflictRetry: () =>
    new Refusal("CONFLICT_RETRY", "Concurrent writes conflicted; nothing was changed. Retry.", {}, { retryAfter: 100 }),

  roleLimitReached: (subject: string, limit: number) =>
    new Refusal(
      "ROLE_LIMIT_REACHED",
      `The limit of ${count(limit, "role")} is reached`,
      { limit: String(limit) },
      { quota: { subject, description: `at most ${count(limit, "role")}` } },
    ),

  permissionLimitReached: (subject: string, limit: number) =>
    new Refusal(
      "PERMISSION_LIMIT_REACHED",
      `The limit of ${count(limit, "permission")} is reached`,
      { limit: String(limit) },
      { quota: { subject, description: `at most ${count(limit, "permission")}` } },
    ),

  overloaded: (limit: keyof typeof overloads, retryAfter: number) =>
    new Refusal("OVERLOADED", `${overloads[limit]}; nothing was done. Retry later.`, { limit }, { retryAfter }),

  watchLimitReached: (limit: "server" | "connection", most: number) =>
    new Refusal(
      "WATCH_LIMIT_REACHED",
      `The limit of ${most} watches of a ${limit} is reached. Retry later.`,
      { limit },
      { retryAfter: 1000 },
    ),

  credentialsMissing: () =>
    new Refusal(
      "CREDENTIALS_MISSING",
      'The call has no credentials; send "authorization: Bearer TOKEN" or a client certificate',
    ),

  credentialsInvalid: () => new Refusal("CREDENTIALS_INVALID", "The credentials are unknown or no longer valid"),

  scopeInsufficient: (scope: keyof typeof scopeFailures) =>
    new Refusal("SCOPE_INSUFFICIENT", scopeFailures[scope], { scope }),

  escalationRefused: (lacking: readonly string[] | "environment") => {
    const [what, permissions, scope] =
      lacking === "environment"
        ? (["change the environment, or all data of an organization", "", lacking] as const)
        : ([`give ${quoteSlugs(lacking)}, which the user does not have`, joinSlugs(lacking), "organization"] as const);
    return new Refusal("ESCALATION_REFUSED", `The acting user may not ${what}`, { permissions, scope });
  },

  issuerUnavailable: () =>
    new Refusal("ISSUER_UNAVAILABLE", "The token's issuer cannot be reached. Retry later.", {}, { retryAfter: 1000 }),

  methodUnknown: (message = "The server has no such method") => new Refusal("METHOD_UNKNOWN", message),

  databaseUnavailable: () =>
    new Refusal("DATABASE_UNAVAILABLE", "The database is unavailable. Retry later.", {}, { retryAfter: 1000 }),
};
