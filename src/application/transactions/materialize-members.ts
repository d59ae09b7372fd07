import type { EnvironmentState } from "../../domain/environment";
import type { OrganizationUid, RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import { countRoles } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import { deletedRoles, resolveMemberRoles } from "../../domain/role-resolution";
import { Portions } from "../../event-loop/portions";
import { mapInSlices } from "../../event-loop/time-slices";
import type { PendingMembers } from "../ports/membership-store";
import type { Stores } from "../ports/unit-of-work";
import type { ScopeState } from "./load-state";

/** Rolls a write back: the organization has more pending members than one transaction materializes. */
class TooManyPendingMembers extends Error {
  constructor() {
    super("more pending members than one transaction materializes");
    this.name = "TooManyPendingMembers";
  }
}

/** A step that returns whether no pending member is left, for a transaction that has locked the roles of all members. */
export type MaterializingStep = (stores: Stores, scopeState: ScopeState) => Promise<boolean>;

/**
 * Does a write that requires materialized members. Where there are too many pending members for its transaction, rolls
 * it back, materializes them in transactions of their own, and does it again.
 */
export async function withMaterializedMembers<T>(
  write: () => Promise<T>,
  runStep: (step: MaterializingStep) => Promise<boolean>,
): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof TooManyPendingMembers)) throw error;
    }
    for (let isDone = false; !isDone; )
      isDone = await runStep(
        async (stores, { state, organization }) =>
          !organization || materializeOrganization(stores, state, organization),
      );
  }
}

/** Materializes the pending members of an organization. Throws if there are too many: see `withMaterializedMembers`. */
export async function requireMaterialized(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
): Promise<void> {
  if (!(await materializeOrganization(stores, state, organization))) throw new TooManyPendingMembers();
}

/**
 * Stores the roles that pending members have by resolution, of a bounded number of them; callers see no difference.
 * Returns whether no pending member is left. The transaction must have locked the organizations and the roles of all
 * members.
 */
export async function materializeMembers(
  stores: Stores,
  state: EnvironmentState,
  organizations: ReadonlyMap<OrganizationUid, OrganizationState>,
): Promise<boolean> {
  const { uid, revision: materializedAtRevision } = state.environment;
  const replaced = [...organizations.values()].flatMap((organization) => [...organization.replaced.keys()]);
  const by = pendingMembers(state, replaced);
  const portions = new Portions();
  for (let left: number = limits.materializedMembers; left > 0; ) {
    const size = Math.min(left, portions.size);
    const pending = await stores.memberships.listPending(uid, by, size, [...organizations.keys()]);
    if (!pending.length) return true;
    const materialized = await mapInSlices(pending, (member) => {
      const organization = organizations.get(member.organizationUid);
      return organization
        ? [{ ...member, roleIds: resolveMemberRoles(state, organization, member), materializedAtRevision }]
        : [];
    });
    await stores.memberships.put(uid, materialized.flat());
    portions.addRows(pending.length, countRoles(pending));
    left -= pending.length;
  }
  return false;
}

/** Returns which members are pending: those that refer to deleted roles, or have several roles from before these were disabled. */
export function pendingMembers(state: EnvironmentState, replaced: readonly RoleId[]): PendingMembers {
  return {
    roleIds: deletedRoles(state, replaced),
    multipleRolesDisabledAt: state.multipleRolesDisabled.at(-1)?.revision,
  };
}

function materializeOrganization(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
): Promise<boolean> {
  return materializeMembers(stores, state, new Map([[organization.uid, organization]]));
}
