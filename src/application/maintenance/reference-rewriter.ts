import type { EnvironmentState } from "../../domain/environment";
import type { Clock, EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { OrganizationState } from "../../domain/organization";
import { environmentOwner, isLive } from "../../domain/role";
import { defaultRoleOf, deletedRoles, resolveGroupRole } from "../../domain/role-resolution";
import type { EnvironmentId } from "../../domain/values";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import { MaintenanceTransactions } from "../transactions/maintenance-transactions";
import { materializeMembers, pendingMembers } from "../transactions/materialize-members";
import { removeIfEmpty } from "../transactions/remove-if-empty";

/**
 * Rewrites references to deleted roles, and deletes these roles for good when nothing can refer to them any more.
 * Callers see no difference: it may stop anywhere, be repeated, and run in several processes.
 */
export class ReferenceRewriter {
  private readonly transactions: MaintenanceTransactions;

  constructor(
    private readonly units: UnitOfWork,
    private readonly clock: Clock,
  ) {
    this.transactions = new MaintenanceTransactions(units);
  }

  /** Returns the environments with references to rewrite, each with a number that grows when there are more. */
  listRequests(): Promise<{ readonly uid: EnvironmentUid; readonly touches: number }[]> {
    return this.units.lookup((stores) => stores.environments.listRewritingRequests());
  }

  /** Does one bounded step in its own transaction. Returns how many members, groups and organizations it rewrote. */
  async step(uid: EnvironmentUid): Promise<number> {
    const plan = await this.transactions.lookUp(uid, async (stores, state) => {
      const replaced = await listReplaced(stores, uid);
      return { state, replaced, organizations: await listOrganizationsToRewrite(stores, state, replaced) };
    });
    if (!plan) return 0;
    if (plan.organizations.length) return this.rewrite(uid, plan.organizations);
    const { tombstones, disabled, left } = this.removable(plan.state);
    if (plan.replaced.length + tombstones.length + disabled.length || !left) await this.remove(uid, plan.replaced);
    return 0;
  }

  /** Returns how many rows of members are still to be rewritten, undefined if the environment has been deleted. */
  progress(uid: EnvironmentUid): Promise<{ readonly environmentId: EnvironmentId; readonly left: number } | undefined> {
    return this.transactions.lookUp(uid, async (stores, state) => {
      const by = pendingMembers(state, await listReplaced(stores, uid));
      return { environmentId: state.environment.id, left: await stores.memberships.countPending(uid, by) };
    });
  }

  private async rewrite(uid: EnvironmentUid, organizationUids: readonly OrganizationUid[]): Promise<number> {
    await this.transactions.updateOrganizations(uid, organizationUids, async (stores, state, organizations) => {
      await materializeMembers(stores, state, organizations);
      const unmapped = await moveGroups(stores, state, organizations);
      for (const organization of organizations.values()) {
        const { id, own } = organization;
        const defaultRoleId = own && defaultRoleOf(state, { ...organization, own }).id;
        if (own && defaultRoleId && defaultRoleId !== own.defaultRoleId)
          await stores.organizations.saveOwn(uid, id, { ...own, defaultRoleId });
        if (!own && unmapped.has(organization.uid)) await removeIfEmpty(stores, state, organization, this.clock());
      }
    });
    return organizationUids.length;
  }

  /**
   * Removes deleted custom roles at once, because the organization's lock kept everybody from referring to them anew,
   * and deletions that concern the whole environment when every transaction from before them has ended. Older deletions
   * go first, because they may lead to younger ones.
   */
  private async remove(uid: EnvironmentUid, replaced: readonly RoleId[]): Promise<void> {
    await this.transactions.updateEnvironment(uid, async (stores, state) => {
      const custom = await stores.roles.listReplaced(uid);
      const unused = custom.filter(({ id }) => replaced.includes(id));
      for (const { id, organizationId } of unused) await stores.roles.remove(uid, organizationId, id);

      const { tombstones, disabled, left } = this.removable(state);
      for (const { id } of tombstones) await stores.roles.remove(uid, environmentOwner, id);
      for (const { revision } of disabled) await stores.environments.removeMultipleRolesDisabled(uid, revision);
      if (left + custom.length - unused.length === 0) await stores.environments.endRewriting(uid);
    });
  }

  /** Returns the events of the whole environment that are old enough to be removed, and how many are not. */
  private removable(state: EnvironmentState) {
    const before = this.clock() - limits.longestTransaction;
    const deleted = [...state.roles.values()].filter((role) => !isLive(role));
    deleted.sort((a, b) => (a.tombstone?.deletedRevision ?? 0) - (b.tombstone?.deletedRevision ?? 0));
    const young = deleted.findIndex(({ updateTime }) => updateTime > before);
    const tombstones = deleted.slice(0, young < 0 ? deleted.length : young);
    const disabled = state.multipleRolesDisabled.filter(({ createTime }) => createTime <= before);
    return {
      tombstones,
      disabled,
      left: deleted.length - tombstones.length + state.multipleRolesDisabled.length - disabled.length,
    };
  }
}

async function listReplaced(stores: Stores, uid: EnvironmentUid): Promise<RoleId[]> {
  return (await stores.roles.listReplaced(uid)).map(({ id }) => id);
}

/** Returns some organizations of which a member, a group or the default refers to a deleted role; none if there are none. */
async function listOrganizationsToRewrite(
  stores: Stores,
  state: EnvironmentState,
  replaced: readonly RoleId[],
): Promise<OrganizationUid[]> {
  const { uid } = state.environment;
  const limit = limits.materializedMembers;
  const members = await stores.memberships.listPending(uid, pendingMembers(state, replaced), limit);
  if (members.length) return members.map(({ organizationUid }) => organizationUid);
  const groups = await stores.groupRoles.mappedTo(uid, deletedRoles(state, replaced), limit);
  if (groups.length) return groups.map(({ organizationUid }) => organizationUid);
  const ids = await stores.organizations.listByDefault(uid, deletedRoles(state, []), limit);
  return (await stores.organizations.find(uid, ids)).map((organization) => organization.uid);
}

/** Maps groups of deleted roles to the replacements. Returns the organizations of which a group is not mapped any more. */
async function moveGroups(
  stores: Stores,
  state: EnvironmentState,
  organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
): Promise<Set<OrganizationUid>> {
  const { uid } = state.environment;
  const replaced = [...organizations.values()].flatMap((organization) => [...organization.replaced.keys()]);
  const deleted = deletedRoles(state, replaced);
  const within = [...organizations.keys()];
  const groups = await stores.groupRoles.mappedTo(uid, deleted, limits.materializedMembers, within);
  const unmapped = new Set<OrganizationUid>();
  for (const { organizationUid, ...groupRole } of groups) {
    const organization = organizations.get(organizationUid);
    const roleId = organization && resolveGroupRole(state, organization, groupRole.roleId);
    if (roleId) await stores.groupRoles.put(uid, organizationUid, { ...groupRole, roleId });
    else {
      await stores.groupRoles.remove(uid, organizationUid, groupRole.groupId);
      unmapped.add(organizationUid);
    }
  }
  return unmapped;
}
