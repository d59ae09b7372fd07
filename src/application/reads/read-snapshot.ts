import {
  type EffectiveAccess,
  type EnvironmentAccess,
  type GrantedSets,
  OrganizationAccess,
} from "../../domain/effective-access";
import type { EnvironmentState } from "../../domain/environment";
import type { PermissionId, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { PermissionSet, PermissionTable } from "../../domain/permission-set";
import type { OrganizationId, UserId } from "../../domain/values";
import type { OrganizationContent } from "../ports/snapshot-store";

export interface EnvironmentSnapshot {
  readonly state: EnvironmentState;
  readonly table: PermissionTable;
  readonly environmentAccess: EnvironmentAccess;
  /** Access in the organizations that have nothing of their own. */
  readonly inheritedAccess: EnvironmentAccess;
}

/**
 * The snapshot of an organization: only its order, its custom roles, and their permissions as bits. Everything else is in the
 * snapshot of the environment, so that a change of the environment leaves the snapshot of the organization as it is.
 */
export interface OrganizationSnapshot {
  readonly state: OrganizationState;
  readonly sets: GrantedSets;
  /** The lineage of the table that the sets were made with. */
  readonly lineage: object;
}

/** Returns access in an organization. Returns the same object for as long as nothing of it has changed, if it can. */
export type AccessOf = (environment: EnvironmentSnapshot, organization: OrganizationSnapshot) => EffectiveAccess;

export const createAccess: AccessOf = (environment, { state, sets }) =>
  new OrganizationAccess(environment.inheritedAccess, environment.state, state, sets);

/** One consistent state of an environment, some of its organizations and some of their members. */
export class ReadSnapshot {
  constructor(
    private readonly snapshot: EnvironmentSnapshot,
    /** An organization without data may be absent. */
    private readonly organizations: ReadonlyMap<OrganizationId, OrganizationSnapshot | undefined>,
    private readonly members: (key: MemberKey) => Membership | undefined,
    private readonly accessOf: AccessOf,
  ) {}

  get state(): EnvironmentState {
    return this.snapshot.state;
  }

  get environment(): EffectiveAccess {
    return this.snapshot.environmentAccess;
  }

  organization(id: OrganizationId): {
    readonly state: OrganizationState | undefined;
    readonly access: EffectiveAccess;
  } {
    const organization = this.organizations.get(id);
    const access = organization?.state.own ? this.accessOf(this.snapshot, organization) : this.snapshot.inheritedAccess;
    return { state: organization?.state, access };
  }

  member(organizationId: OrganizationId, userId: UserId): Membership | undefined {
    const organization = this.organizations.get(organizationId);
    return organization && this.members({ organizationUid: organization.state.uid, userId });
  }
}

/** Returns what an organization adds to its environment. Ids that both have are the environment's own strings. */
export function toSnapshot(
  { state: { roles }, table }: EnvironmentSnapshot,
  { state, grants }: OrganizationContent,
): OrganizationSnapshot {
  const { own, customRoles, replaced, ...row } = state;
  const custom = new Map(customRoles.map(({ id }) => [id, id]));
  const shared = (id: RoleId) => roles.get(id)?.id ?? custom.get(id) ?? id;
  const sets = new Map<RoleId, PermissionSet>();
  for (const { id } of customRoles) {
    const granted: readonly PermissionId[] = grants.get(id) ?? [];
    if (granted.length) sets.set(id, table.setOf(granted));
  }
  return {
    state: {
      ...row,
      customRoles: customRoles.length ? customRoles : noRoles,
      replaced: replaced.size ? replaced : nothingReplaced,
      ...(own && { own: { defaultRoleId: shared(own.defaultRoleId), order: own.order.map(shared) } }),
    },
    sets: sets.size ? sets : noSets,
    lineage: table.lineage,
  };
}

const noRoles: OrganizationState["customRoles"] = [];
const nothingReplaced: OrganizationState["replaced"] = new Map();
const noSets: OrganizationSnapshot["sets"] = new Map();
