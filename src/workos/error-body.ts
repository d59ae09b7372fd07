import type { Refusal } from "../domain/errors";
import type { Answer } from "./codes";

/** The kinds of things that may not be there, by the reason, and the key of the metadata that names the one. */
const entities: Readonly<Record<string, readonly [kind: string, key: string]>> = {
  ROLE_NOT_FOUND: ["Role", "slug"],
  PERMISSION_NOT_FOUND: ["Permission", "slug"],
  PERMISSION_UNKNOWN: ["Permission", "permissions"],
  MEMBERSHIP_NOT_FOUND: ["Organization membership", "user_id"],
  ENVIRONMENT_NOT_FOUND: ["Environment", "environment_id"],
};

/** Use cases name the fields of the API for gRPC; a few have other names here. */
const fieldOf = (field: string) => field.replace(/^(?:role|permission)\./, "");

/** Returns the body of an error as the exceptions of the clients read it. `entityId` is the id that the request named. */
export function errorBody(refusal: Refusal, { status, code }: Answer, entityId: string | undefined): object {
  const entity = entities[refusal.reason];
  if (entity && status === 404) {
    const [kind, key] = entity;
    const id = (refusal.reason === "MEMBERSHIP_NOT_FOUND" ? entityId : undefined) ?? refusal.metadata[key] ?? "";
    return { message: `${kind} not found: '${id}'.`, code, entity_id: id };
  }
  const { violations = [] } = refusal.details;
  const message =
    code === "invalid_role" ? `Role '${refusal.metadata["roles"]}' is not a valid role.` : refusal.message;
  return {
    message,
    code,
    ...(status === 409 && { error: code }), // one client shows this member of conflicts
    ...((code === "invalid_request_parameters" || status === 400) && {
      errors: violations.map(({ field, description }) => {
        const text = `${fieldOf(field)} ${description}`;
        return { field: fieldOf(field), code: text, message: text };
      }),
    }),
  };
}
