import { organizationRoles } from "../../domain/effective-roles";
import type { Environment, EnvironmentState } from "../../domain/environment";
import type { Membership } from "../../domain/membership";
import { rolesInOrder } from "../../domain/membership-view";
import type { OrganizationState } from "../../domain/organization";
import { resolveMemberRoles } from "../../domain/role-resolution";
import type { OrganizationId, UserId } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";
import { loadEnvironment, loadOrganizations } from "../transactions/load-state";
import type { MembersBlueprint } from "./blueprint";

/** The states by which the roles of an organization's members are resolved. */
export interface MemberScopeState {
  readonly state: EnvironmentState;
  /** Undefined where the organization has no data. */
  readonly organization: OrganizationState | undefined;
}

export async function loadMemberScope(
  stores: Stores,
  environment: Environment,
  id: OrganizationId,
): Promise<MemberScopeState> {
  const rows = await stores.organizations.find(environment.uid, [id]);
  const [organization] = (await loadOrganizations(stores, environment.uid, rows)).values();
  return { state: await loadEnvironment(stores, environment), organization };
}

/** Returns those members of the blueprint that exist, with the slugs of their roles. */
export async function findMembers(
  stores: Stores,
  memberScope: MemberScopeState,
  { members }: MembersBlueprint,
): Promise<Map<UserId, string[]>> {
  const { state, organization } = memberScope;
  if (!organization) return new Map();
  const { uid: organizationUid } = organization;
  const keys = [...members.keys()].map((userId) => ({ organizationUid, userId: userId as UserId }));
  return rolesOf(memberScope, await stores.memberships.find(state.environment.uid, keys));
}

/** Returns the slugs of the roles of members, in priority order. */
export function rolesOf(
  { state, organization }: MemberScopeState,
  members: readonly Membership[],
): Map<UserId, string[]> {
  if (!organization) return new Map();
  const effective = organizationRoles(state, organization);
  return new Map(
    members.map((member) => [
      member.userId,
      rolesInOrder(effective, resolveMemberRoles(state, organization, member)).map(({ slug }) => slug),
    ]),
  );
}
