import type { Branded } from "./values";

/** `role_` and a ULID. */
export type RoleId = Branded<"RoleId">;
/** `perm_` and a ULID. */
export type PermissionId = Branded<"PermissionId">;
/** Tells an environment from an earlier one of the same id; never shown. A ULID. */
export type EnvironmentUid = Branded<"EnvironmentUid">;

/** Tells an organization's data from data of the same id that was deleted; never shown. A ULID. */
export type OrganizationUid = Branded<"OrganizationUid">;

/** Randomness and time are inputs of the domain. */
export interface Ids {
  role(): RoleId;
  permission(): PermissionId;
  environment(): EnvironmentUid;
  organization(): OrganizationUid;
}

/** Milliseconds since 1970. Orders nothing: revisions do. */
export type Clock = () => number;

/** A short digest of the given text, for etags: equal for equal text, different for different text. */
export type Digest = (text: string) => string;
