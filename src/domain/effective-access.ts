import { type EffectiveRoles, environmentRoles, organizationRoles } from "./effective-roles";
import { type EnvironmentState, liveRole } from "./environment";
import type { RoleId } from "./ids";
import type { OrganizationState } from "./organization";
import type { PermissionSet, PermissionTable } from "./permission-set";
import type { Role } from "./role";
import type { PermissionSlug } from "./values";

/**
 * The roles in force in an environment or an organization, with their permissions. It belongs to one snapshot: new
 * revisions have new objects, so that values computed from it can be memoized by its identity.
 */
export interface EffectiveAccess {
  readonly effective: EffectiveRoles;
  readonly table: PermissionTable;
  /** Returns an effective role. */
  find(id: RoleId): Role | undefined;
  /** Returns the permissions of an effective role as a set; undefined if it has none. */
  setOf(id: RoleId): PermissionSet | undefined;
  /** Returns the permissions of an effective role, sorted. */
  permissionsOf(id: RoleId): readonly PermissionSlug[];
}

/** The permissions that roles grant, by the id of the role. */
export type GrantedSets = ReadonlyMap<RoleId, PermissionSet>;

/** Access in an environment, or in the organizations that have nothing of their own. */
export class EnvironmentAccess implements EffectiveAccess {
  private readonly slugs = new Map<RoleId, readonly PermissionSlug[]>();

  constructor(
    readonly effective: EffectiveRoles,
    readonly table: PermissionTable,
    private readonly state: EnvironmentState,
    private readonly sets: GrantedSets,
  ) {}

  find(id: RoleId): Role | undefined {
    return liveRole(this.state, id);
  }

  setOf(id: RoleId): PermissionSet | undefined {
    return this.sets.get(id);
  }

  permissionsOf(id: RoleId): readonly PermissionSlug[] {
    let slugs = this.slugs.get(id);
    if (!slugs) this.slugs.set(id, (slugs = this.table.slugsIn(this.sets.get(id) ?? [])));
    return slugs;
  }
}

/** Access in an organization with a configuration of its own: what it adds to its environment, and the environment's. */
export class OrganizationAccess implements EffectiveAccess {
  private slugs: Map<RoleId, readonly PermissionSlug[]> | undefined;
  private roles: EffectiveRoles | undefined;

  constructor(
    readonly environment: EnvironmentAccess,
    private readonly state: EnvironmentState,
    readonly organization: OrganizationState,
    private readonly sets: GrantedSets,
  ) {}

  get table(): PermissionTable {
    return this.environment.table;
  }

  /** Put in order when it is needed first: a check of a member with one role does not need it. */
  get effective(): EffectiveRoles {
    this.roles ??= organizationRoles(this.state, this.organization);
    return this.roles;
  }

  find(id: RoleId): Role | undefined {
    return this.environment.find(id) ?? this.organization.customRoles.find((role) => role.id === id);
  }

  setOf(id: RoleId): PermissionSet | undefined {
    const own = this.sets.get(id);
    return own ? this.table.current(own) : this.environment.setOf(id);
  }

  permissionsOf(id: RoleId): readonly PermissionSlug[] {
    if (this.environment.find(id)) return this.environment.permissionsOf(id);
    this.slugs ??= new Map();
    let slugs = this.slugs.get(id);
    if (!slugs) this.slugs.set(id, (slugs = this.table.slugsIn(this.sets.get(id) ?? [])));
    return slugs;
  }
}

/** Returns access to the roles of an environment itself. */
export const accessInEnvironment = (state: EnvironmentState, table: PermissionTable, sets: GrantedSets) =>
  new EnvironmentAccess(environmentRoles(state), table, state, sets);

/** Returns access in the organizations that inherit everything from their environment. */
export const inheritedAccess = (state: EnvironmentState, table: PermissionTable, sets: GrantedSets) =>
  new EnvironmentAccess(organizationRoles(state, undefined), table, state, sets);
