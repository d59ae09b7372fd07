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

/** An organization, where it has data, and the environment, which tell what its members' roles mean. */
interface MemberScopeState {
  readonly state: EnvironmentState;
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

export async function presentMembers(stores: Stores, home: MemberScopeState, { members }: MembersBlueprint) {
  if (!home.organization) return new Map<UserId, string[]>();
  const { uid: organizationUid } = home.organization;
  const keys = [...members.keys()].map((userId) => ({ organizationUid, userId: userId as UserId }));
  return rolesOf(home, await stores.memberships.find(home.state.environment.uid, keys));
}

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
