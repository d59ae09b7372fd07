import type { Environment, EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { giftOf } from "../../domain/escalation";
import type { OrganizationUid, RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { byKey } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import { environmentOwner } from "../../domain/role";
import { resolveMemberRoles } from "../../domain/role-resolution";
import type { OrganizationId, PermissionSlug, UserId } from "../../domain/values";
import { type Stores, StateOutdated } from "../ports/unit-of-work";
import type { WriteContext } from "../request/idempotency";
import type { ChangeRecord, ChangedScope } from "./change-record";

/** Returns the user who may give only what the user has, undefined if a call may give everything. */
function guardedUser(environment: Environment, { author }: WriteContext): UserId | undefined {
  return environment.escalationGuardEnabled && author.actingUserId !== "" ? author.actingUserId : undefined;
}

/** Throws ESCALATION_REFUSED for a call of an acting user about the environment, or about all data of an organization. */
export function refuseForActingUser(environment: Environment, context: WriteContext): void {
  if (guardedUser(environment, context) !== undefined) throw refuse.escalationRefused("environment");
}

/** Does work that changes organizations. Throws ESCALATION_REFUSED if it gives what the acting user does not have. */
export async function runGuarded<T>(
  stores: Stores,
  context: WriteContext,
  { state, organizations }: { readonly state: EnvironmentState; readonly organizations: readonly OrganizationState[] },
  changes: ChangeRecord,
  work: () => Promise<T>,
): Promise<T> {
  const guard = await EscalationGuard.open(stores, context, state, organizations);
  const response = await work();
  if (guard) await guard.check(stores, changes);
  else if (changes.all().some(({ environment }) => guardedUser(environment, context) !== undefined))
    throw new StateOutdated(environmentChanged); // the guard was switched on before the work locked more and read again
  return response;
}

/** Throws ESCALATION_REFUSED if an acting user does not have all permissions of a role. */
export async function refuseGiving(
  stores: Stores,
  context: WriteContext,
  state: EnvironmentState,
  organization: OrganizationState,
  roleId: RoleId,
): Promise<void> {
  const guard = await EscalationGuard.open(stores, context, state, [organization]);
  await guard?.checkGifts(stores, [{ organization, permissions: [], roleIds: [roleId] }]);
}

const environmentChanged = "the environment has changed since a change of an acting user was read";

/** The roles and permissions of the acting user in an organization. */
interface Held {
  readonly roleIds: readonly RoleId[];
  readonly permissions: ReadonlySet<PermissionSlug>;
}

const nothing: Held = { roleIds: [], permissions: new Set() };

interface OrganizationGift {
  readonly organization: ChangedScope["organization"];
  readonly permissions: readonly PermissionSlug[];
  readonly roleIds: readonly RoleId[];
}

/**
 * Refuses changes that give what their acting user does not have: the only place that does. What the user has is read in
 * the transaction of the change, before the change, under the locks of the organizations. The environment is not locked.
 * So the revision that the events name is compared with the present one after everything is read.
 */
class EscalationGuard {
  private constructor(
    private readonly state: EnvironmentState,
    private readonly held: ReadonlyMap<OrganizationUid, Held>,
  ) {}

  /** Reads what the acting user has in organizations. Returns undefined if the call may give everything. */
  static async open(
    stores: Stores,
    context: WriteContext,
    state: EnvironmentState,
    organizations: readonly OrganizationState[],
  ): Promise<EscalationGuard | undefined> {
    const { environment } = state;
    const userId = guardedUser(environment, context);
    if (userId === undefined) return undefined;
    const keyOf = ({ uid }: OrganizationState) => ({ organizationUid: uid, userId });
    const memberOf = byKey(await stores.memberships.find(environment.uid, organizations.map(keyOf)));
    const roles = new Map<OrganizationUid, readonly RoleId[]>();
    for (const organization of organizations) {
      const member = memberOf(keyOf(organization));
      if (member) roles.set(organization.uid, resolveMemberRoles(state, organization, member));
    }
    const named = organizations.map(({ id, uid }) => ({ organizationId: id, roleIds: roles.get(uid) ?? [] }));
    const permissions = await readPermissions(stores, state, named);
    const held = new Map<OrganizationUid, Held>();
    for (const [uid, roleIds] of roles)
      held.set(uid, { roleIds, permissions: new Set(roleIds.flatMap((id) => permissions.get(id) ?? [])) });
    return new EscalationGuard(state, held);
  }

  /** Throws ESCALATION_REFUSED, and StateOutdated if what was read may be of several revisions. */
  async check(stores: Stores, record: ChangeRecord): Promise<void> {
    const changes = record.all();
    if (changes.some(({ environment }) => environment.revision !== this.state.environment.revision))
      throw new StateOutdated(environmentChanged);
    const gifts = changes.map(({ organization, change }) => ({
      organization,
      ...giftOf(change, this.heldIn(organization).roleIds),
    }));
    await this.checkGifts(stores, gifts);
  }

  async checkGifts(stores: Stores, gifts: readonly OrganizationGift[]): Promise<void> {
    const { environment } = this.state;
    const named = gifts.map(({ organization, roleIds }) => ({ organizationId: organization?.id, roleIds }));
    const permissions = await readPermissions(stores, this.state, named);
    const present = await stores.environments.get(environment.uid);
    if (present?.revision !== environment.revision) throw new StateOutdated(environmentChanged);
    const lacking = gifts.flatMap((gift) => {
      const held = this.heldIn(gift.organization).permissions;
      const given = [...gift.permissions, ...gift.roleIds.flatMap((id) => permissions.get(id) ?? [])];
      return given.filter((permission) => !held.has(permission));
    });
    if (lacking.length) throw refuse.escalationRefused([...new Set(lacking)].toSorted());
  }

  private heldIn(organization: ChangedScope["organization"]): Held {
    return (organization && this.held.get(organization.uid)) ?? nothing;
  }
}

/**
 * Returns the permissions of roles, each of the environment or of the organization with it. A statement looks for each of
 * its roles in each of its organizations, so that custom roles are read of few organizations at once.
 */
async function readPermissions(
  stores: Stores,
  { environment, roles }: EnvironmentState,
  named: readonly { readonly organizationId: OrganizationId | undefined; readonly roleIds: readonly RoleId[] }[],
): Promise<ReadonlyMap<RoleId, readonly PermissionSlug[]>> {
  const ofEnvironment = new Set<RoleId>();
  const ofOrganizations = new Map<OrganizationId, Set<RoleId>>();
  for (const { organizationId, roleIds } of named)
    for (const id of roleIds)
      if (roles.has(id)) ofEnvironment.add(id);
      else if (organizationId !== undefined)
        ofOrganizations.set(organizationId, (ofOrganizations.get(organizationId) ?? new Set()).add(id));
  const found = new Map(await stores.roles.permissionsOf(environment.uid, [environmentOwner], [...ofEnvironment]));
  const organizations = [...ofOrganizations];
  for (let start = 0; start < organizations.length; start += limits.organizationsAtOnce) {
    const part = organizations.slice(start, start + limits.organizationsAtOnce);
    const ids = part.flatMap(([, some]) => [...some]);
    const owners = part.map(([owner]) => owner);
    for (const [id, slugs] of await stores.roles.permissionsOf(environment.uid, owners, ids)) found.set(id, slugs);
  }
  return found;
}
