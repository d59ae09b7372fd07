import type { Branded } from "./values";

/** `role_` and a ULID. */
export type RoleId = Branded<"RoleId">;
/** `perm_` and a ULID. */
export type PermissionId = Branded<"PermissionId">;
/** `evt_` and a ULID. */
export type EventId = Branded<"EventId">;
/** A ULID that distinguishes an environment from an earlier one of the same id. It is never shown. */
export type EnvironmentUid = Branded<"EnvironmentUid">;
/** A ULID that distinguishes an organization's data from deleted data of the same id. It is never shown. */
export type OrganizationUid = Branded<"OrganizationUid">;

/** Makes new ids: randomness is an input of the domain. */
export interface Ids {
  role(): RoleId;
  permission(): PermissionId;
  event(): EventId;
  environment(): EnvironmentUid;
  organization(): OrganizationUid;
}

/** Returns milliseconds since 1970. Revisions order writes, times do not. */
export type Clock = () => number;

/** Returns a short digest of a text, for etags. */
export type Digest = (text: string) => string;
