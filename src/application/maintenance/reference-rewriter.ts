import type { EnvironmentState } from "../../domain/environment";
import type { Clock, EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { OrganizationState } from "../../domain/organization";
import { isLive } from "../../domain/role";
import { defaultRoleOf, deletedRoles, resolveGroupRole } from "../../domain/role-resolution";
import type { EnvironmentId } from "../../domain/values";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import { loadEnvironment, loadOrganizations } from "../transactions/load-state";
import { materializeMembers, pendingMembers, removeIfEmpty } from "../transactions/materialize-members";

/**
 * Rewrites what refers to deleted roles, and forgets them when nothing can refer to them any more. Nothing a caller can
 * see depends on it: it may stop anywhere, be repeated, and run in several processes.
 */
export class ReferenceRewriter {
  constructor(
    private readonly units: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** The environments with something to sweep, and a number that grows when there is more. */
  requested(): Promise<{ readonly uid: EnvironmentUid; readonly touches: number }[]> {
    return this.units.lookup((stores) => stores.environments.listRewritingRequests());
  }

  /** One bounded step in its own transaction. Answers how many members, groups and organizations it rewrote. */
  async step(uid: EnvironmentUid): Promise<number> {
    const found = await this.units.lookup(async (stores) => {
      const state = await findState(stores, uid);
      if (!state) return undefined;
      const replaced = (await stores.roles.listReplaced(uid)).map(({ id }) => id);
      return { state, replaced, organizations: await listOrganizationsToRewrite(stores, state, replaced) };
    });
    if (!found) return 0;
    if (found.organizations.length) return this.rewrite(uid, found.organizations);
    const { tombstones, collapses, left } = this.forgettable(found.state);
    if (found.replaced.length + tombstones.length + collapses.length || !left) await this.forget(uid, found.replaced);
    return 0;
  }

  /** How many rows of members are still to be rewritten; undefined: the environment is gone. */
  progress(uid: EnvironmentUid): Promise<{ readonly environmentId: EnvironmentId; readonly left: number } | undefined> {
    return this.units.lookup(async (stores) => {
      const state = await findState(stores, uid);
      if (!state) return undefined;
      const replaced = (await stores.roles.listReplaced(uid)).map(({ id }) => id);
      const left = await stores.memberships.countPending(uid, pendingMembers(state, replaced));
      return { environmentId: state.environment.id, left };
    });
  }

  private async rewrite(uid: EnvironmentUid, uids: readonly OrganizationUid[]): Promise<number> {
    const named = await this.units.lookup((stores) => stores.organizations.findByUid(uid, [...new Set(uids)]));
    await this.units.write(async (stores) => {
      const locked = await stores.organizations.lock(uid, named.map(({ id }) => id).sort());
      await stores.environments.lockMemberRoles(uid); // nothing happens to all members while the state is read
      const state = await findState(stores, uid);
      if (!state) return;
      const organizations = await loadOrganizations(stores, uid, locked);
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
    return uids.length;
  }

  /**
   * Forgets deleted custom roles at once, since the organization's lock kept everybody from referring to them anew, and
   * what concerns the whole environment when no transaction of before can be under way. Older deletions go first,
   * because they may lead to younger ones.
   */
  private async forget(uid: EnvironmentUid, replaced: readonly RoleId[]): Promise<void> {
    await this.units.write(async (stores) => {
      await stores.environments.touch(uid);
      await stores.environments.lockMemberRoles(uid);
      const state = await findState(stores, uid);
      if (!state) return;
      const custom = await stores.roles.listReplaced(uid);
      const gone = custom.filter(({ id }) => replaced.includes(id));
      for (const { id, organizationId } of gone) await stores.roles.remove(uid, organizationId, id);

      const { tombstones, collapses, left } = this.forgettable(state);
      for (const { id } of tombstones) await stores.roles.remove(uid, "", id);
      for (const { revision } of collapses) await stores.environments.removeMultipleRolesDisabled(uid, revision);
      if (left + custom.length - gone.length === 0) await stores.environments.endRewriting(uid);
    });
  }

  /** What concerns the whole environment and is old enough, and how much is not. */
  private forgettable(state: EnvironmentState) {
    const before = this.clock() - limits.longestTransaction;
    const deleted = [...state.roles.values()].filter((role) => !isLive(role));
    deleted.sort((a, b) => (a.tombstone?.deletedRevision ?? 0) - (b.tombstone?.deletedRevision ?? 0));
    const young = deleted.findIndex(({ updateTime }) => updateTime > before);
    const tombstones = deleted.slice(0, young < 0 ? deleted.length : young);
    const collapses = state.multipleRolesDisabled.filter(({ createTime }) => createTime <= before);
    return {
      tombstones,
      collapses,
      left: deleted.length - tombstones.length + state.multipleRolesDisabled.length - collapses.length,
    };
  }
}

/** Undefined: the environment is gone. */
async function findState(stores: Stores, uid: EnvironmentUid): Promise<EnvironmentState | undefined> {
  const environment = await stores.environments.get(uid);
  return environment && loadEnvironment(stores, environment);
}

/** Organizations with members, groups or a default that refer to something deleted: some of them, none if there are none. */
async function listOrganizationsToRewrite(
  stores: Stores,
  state: EnvironmentState,
  replaced: readonly RoleId[],
): Promise<OrganizationUid[]> {
  const { uid } = state.environment;
  const limit = limits.settledMembers;
  const members = await stores.memberships.listPending(uid, pendingMembers(state, replaced), limit);
  if (members.length) return members.map(({ organizationUid }) => organizationUid);
  const groups = await stores.groupRoles.mappedTo(uid, deletedRoles(state, replaced), limit);
  if (groups.length) return groups.map(({ organizationUid }) => organizationUid);
  const ids = await stores.organizations.listByDefault(uid, deletedRoles(state, []), limit);
  return (await stores.organizations.find(uid, ids)).map((organization) => organization.uid);
}

/** Answers the organizations in which a group is not mapped any more. */
async function moveGroups(
  stores: Stores,
  state: EnvironmentState,
  organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
): Promise<Set<OrganizationUid>> {
  const unmapped = new Set<OrganizationUid>();
  const { uid } = state.environment;
  const gone = deletedRoles(
    state,
    [...organizations.values()].flatMap(({ replaced }) => [...replaced.keys()]),
  );
  const within = [...organizations.keys()];
  for (const { organizationUid, ...groupRole } of await stores.groupRoles.mappedTo(
    uid,
    gone,
    limits.settledMembers,
    within,
  )) {
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
