import type { RoleId } from "../domain/ids";
import type { EnvironmentId, OrganizationId, UserId } from "../domain/values";

/** Identifies a membership. A later membership of the same user in the same organization has another key. */
export interface MembershipKey {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  /** When it began, in milliseconds. */
  readonly createTime: number;
}

/**
 * The ids of memberships and of their roles, which this service does not store: each is made from what it stands for, always
 * the same, shows nothing of it, and cannot be made by anybody else. An id is of use only in its environment.
 */
export interface WorkosIds {
  ofMembership(environment: EnvironmentId, membership: MembershipKey): string;
  /** Returns undefined if the text is not the id of a membership of the environment. */
  readMembership(environment: EnvironmentId, id: string): MembershipKey | undefined;
  ofAssignment(environment: EnvironmentId, membership: MembershipKey, roleId: RoleId): string;
  /** Returns undefined if the text is not the id of a role of a membership of the environment. */
  readAssignment(
    environment: EnvironmentId,
    id: string,
  ): { readonly membership: MembershipKey; readonly roleId: RoleId } | undefined;
}
