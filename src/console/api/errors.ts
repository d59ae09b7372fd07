import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RequestInfoSchema } from "../gen/google/rpc/error_details_pb";

/** The words for an error, and for a way on. */
export interface Explanation {
  readonly title: string;
  readonly text: string;
  /** The values that the error names, such as permissions. Empty if there are none. */
  readonly detail: string;
  /** Leads to the log, where only its readers can help. */
  readonly requestId: string | undefined;
}

export const reasonOf = (error: unknown): string =>
  ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason ?? "";

export const metadataOf = (error: unknown): Readonly<Record<string, string>> =>
  ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.metadata ?? {};

/** Reports whether no answer came from the service itself: the network, a proxy or the server is away. */
export function isConnectionLoss(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  if (reasonOf(error)) return false;
  return code === Code.Unknown || code === Code.Unavailable || code === Code.DeadlineExceeded;
}

export const isConflict = (error: unknown): boolean =>
  ["ETAG_MISMATCH", "CONFLICT_RETRY", "PRIORITY_ORDER_MISMATCH"].includes(reasonOf(error));

export const isTemporary = (error: unknown): boolean =>
  isConnectionLoss(error) ||
  ["DATABASE_UNAVAILABLE", "ISSUER_UNAVAILABLE", "OVERLOADED", "CONFLICT_RETRY"].includes(reasonOf(error));

/** Returns the violations of a request by the paths of its fields. */
export function violationsOf(error: unknown): Readonly<Record<string, string>> {
  const violations = ConnectError.from(error)
    .findDetails(BadRequestSchema)
    .flatMap((detail) => detail.fieldViolations);
  const texts: Record<string, string> = {};
  for (const { field, description } of violations)
    texts[field] = texts[field] ? `${texts[field]}. ${description}` : description;
  return texts;
}

const inWords: Readonly<Record<string, readonly [title: string, text: string]>> = {
  INVALID_FIELDS: ["Some fields need a change", "The reasons are at the fields."],
  ETAG_MISMATCH: ["Somebody else changed this meanwhile", "Look at what is there now, then try again."],
  CONFLICT_RETRY: ["Others are changing the same things right now", "Nothing was changed. Try again in a moment."],
  PRIORITY_ORDER_MISMATCH: [
    "The list of roles has changed meanwhile",
    "Look at the new list, then move the role again.",
  ],
  ROLE_SLUG_TAKEN: ["This slug is taken", "Choose another slug: each slug names one role."],
  PERMISSION_SLUG_TAKEN: ["This slug is taken", "Choose another slug: each slug names one permission."],
  PERMISSION_UNKNOWN: ["A permission no longer exists", "Somebody deleted it meanwhile. Take it out and save again."],
  ROLE_NOT_ASSIGNABLE: ["A role cannot be assigned here", "It is not a role of this organization, or it was deleted."],
  ROLE_NOT_FOUND: ["The role no longer exists", "Somebody deleted it meanwhile."],
  PERMISSION_NOT_FOUND: ["The permission no longer exists", "Somebody deleted it meanwhile."],
  MEMBERSHIP_NOT_FOUND: ["This user is no member here", "There is nothing to change."],
  MEMBERSHIP_EXISTS: ["This user is a member already", "Change the roles of the member instead."],
  GROUP_ROLE_NOT_FOUND: ["This group is not mapped", "Somebody removed the mapping meanwhile."],
  ENVIRONMENT_NOT_FOUND: ["The environment does not exist", "Choose another one in the menu."],
  ENVIRONMENT_EXISTS: ["There is an environment with this id", "Choose another id."],
  REPLACEMENT_DEFAULT_ROLE_REQUIRED: ["This is a default role", "Choose the role that becomes the default instead."],
  ROLE_IN_USE: ["The role is in use", "Choose the role that its members and groups get instead."],
  REPLACEMENT_ROLE_INVALID: ["This role cannot be the replacement", "Choose another role of the same scope."],
  ORGANIZATION_INHERITS_ENVIRONMENT: [
    "The organization follows its environment",
    "It gets a default role and an order of its own with its first custom role.",
  ],
  ORGANIZATION_HAS_CUSTOM_ROLES: ["The organization still has custom roles", "Delete them first."],
  MULTIPLE_ROLES_DISABLED: ["One role for each member here", "The environment allows one role per member. Choose one."],
  ROLE_LIMIT_REACHED: ["The limit of roles is reached", "Delete a role that nobody needs, or raise the limit."],
  PERMISSION_LIMIT_REACHED: ["The limit of permissions is reached", "Take some out, or raise the limit."],
  OVERLOADED: ["The server is busy", "Nothing was changed. Try again in a few seconds."],
  WATCH_LIMIT_REACHED: ["Too many pages watch events", "Close another one, or reload the list by hand."],
  CREDENTIALS_MISSING: ["Sign in first", "The server wants a token."],
  CREDENTIALS_INVALID: ["Your token is no longer accepted", "Sign in with a new token. What you typed stays here."],
  SCOPE_INSUFFICIENT: ["Your credential does not allow this", "Ask an administrator for a wider one."],
  ESCALATION_REFUSED: ["You cannot give more than you have", "The change would give permissions that you lack here."],
  DATABASE_UNAVAILABLE: [
    "The database cannot be reached",
    "The change may have been made or not. Trying again is safe.",
  ],
  ISSUER_UNAVAILABLE: ["The sign-in service cannot be reached", "Try again in a few seconds."],
  RESUME_TOKEN_EXPIRED: ["The events since then are gone", "The list begins anew with what is left."],
  RESUME_TOKEN_INVALID: ["The list cannot go on from here", "Load the page again."],
  PAGE_TOKEN_INVALID: ["The list cannot go on from here", "Load the page again."],
  SLUG_IMMUTABLE: ["A slug never changes", "Create another one with the new slug, and delete this one."],
  REQUEST_ID_REUSED: [
    "This was sent before, with other credentials",
    "Look whether the change is there, close this form, and begin again if it is not.",
  ],
  ROLE_BELONGS_TO_ENVIRONMENT: ["The role belongs to the environment", "Change it on the page of its roles."],
  ENVIRONMENT_NOT_EMPTY: ["Organizations have data here", "Delete their data first."],
  METHOD_UNKNOWN: ["The server does not know this action", "It is older than this page. Load the page again."],
  INTERNAL: ["The server failed", "This is not your fault. Its log has the cause under the request id below."],
};

const guarded = [
  "Users do not change the whole environment",
  "The escalation guard is on here. Whoever acts for no user can make this change.",
] as const;

/** Fields that an error without violations is about, and the rule that they break, by the name of the field in a form. */
const atFields: Readonly<Record<string, readonly [fields: readonly string[], text: string, metadata?: string]>> = {
  ROLE_SLUG_TAKEN: [["slug"], "Another role has this slug"],
  PERMISSION_SLUG_TAKEN: [["slug"], "Another permission has this slug"],
  ENVIRONMENT_EXISTS: [["environment_id"], "Another environment has this id"],
  PERMISSION_UNKNOWN: [["permissions"], "No longer there", "permissions"],
  PERMISSION_LIMIT_REACHED: [["permissions"], "Too many. The limit is", "limit"],
  ROLE_NOT_ASSIGNABLE: [["role_slugs", "role_slug"], "Cannot be assigned here", "roles"],
  MULTIPLE_ROLES_DISABLED: [["role_slugs"], "Only one role for each member"],
  REPLACEMENT_ROLE_INVALID: [
    ["replacement_role_slug", "replacement_default_role_slug"],
    "This role cannot be the replacement",
  ],
  ESCALATION_REFUSED: [["permissions", "role_slugs", "role_slug", "replacement_role_slug"], "You lack", "permissions"],
};

/** Returns what is wrong with fields by an error that names none. */
export function fieldErrorsOf(error: unknown): Readonly<Record<string, string>> {
  const [fields, text, name = ""] = atFields[reasonOf(error)] ?? [[], ""];
  const value = metadataOf(error)[name]?.replaceAll(",", ", ");
  if (name && !value) return {};
  return Object.fromEntries(fields.map((field) => [field, value ? `${text}: ${value}`.replace("is:", "is") : text]));
}

/** Returns an error in words. */
export function explain(error: unknown): Explanation {
  const cause = ConnectError.from(error);
  const requestId = cause.findDetails(RequestInfoSchema)[0]?.requestId || metadataOf(error)["request_id"];
  if (isConnectionLoss(error)) {
    const text = "What you typed is still here. Check the network and the server, then try again.";
    if (cause.code === Code.DeadlineExceeded)
      return { title: "The server does not answer", text, detail: "", requestId };
    return { title: "The server cannot be reached", text, detail: "", requestId };
  }
  const reason = reasonOf(error);
  const isOfEnvironment = reason === "ESCALATION_REFUSED" && metadataOf(error)["scope"] === "environment";
  const [title, text] = isOfEnvironment ? guarded : (inWords[reason] ?? ["This did not work", cause.rawMessage]);
  const detail = detailOf(reason, metadataOf(error));
  const isForOperators = !inWords[reason] || ["INTERNAL", "DATABASE_UNAVAILABLE"].includes(reason);
  return { title, text, detail, requestId: isForOperators ? requestId : undefined };
}

function detailOf(reason: string, metadata: Readonly<Record<string, string>>): string {
  switch (reason) {
    case "PERMISSION_UNKNOWN":
    case "ESCALATION_REFUSED":
      return metadata["permissions"] ? `Permissions: ${metadata["permissions"].replaceAll(",", ", ")}.` : "";
    case "ROLE_NOT_ASSIGNABLE":
      return metadata["roles"] ? `Roles: ${metadata["roles"].replaceAll(",", ", ")}.` : "";
    case "ROLE_LIMIT_REACHED":
    case "PERMISSION_LIMIT_REACHED":
      return metadata["limit"] ? `The limit is ${metadata["limit"]}.` : "";
    default:
      return "";
  }
}
