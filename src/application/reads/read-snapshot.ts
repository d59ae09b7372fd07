import type { EffectiveAccess } from "../../domain/effective-access";
import { organizationRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { PermissionId, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { PermissionSet, PermissionTable } from "../../domain/permission-set";
import type { OrganizationId, PermissionSlug, UserId } from "../../domain/values";
import type { CurrentRevisions, RevisionQuery } from "../ports/revision-store";

export interface EnvironmentSnapshot {
  readonly state: EnvironmentState;
  readonly table: PermissionTable;
  readonly environmentAccess: EffectiveAccess;
  /** The access in organizations that inherit. */
  readonly inheritedAccess: EffectiveAccess;
}

export interface OrganizationSnapshot {
  readonly state: OrganizationState;
  readonly grants: Grants;
  /** Memoizes the access for the snapshot of the environment that was used last. */
  lastAccess?: { readonly environment: EnvironmentSnapshot; readonly access: EffectiveAccess };
}

/** The cached snapshots for a read, and the query whether they are current. */
export interface CachedScope {
  readonly environment: EnvironmentSnapshot;
  /** An organization that is not cached is undefined. */
  readonly organizations: ReadonlyMap<OrganizationId, OrganizationSnapshot | undefined>;
  readonly query: RevisionQuery;
}

/** The permissions of roles as they are stored: some of them may have been deleted. */
export type Grants = ReadonlyMap<RoleId, readonly PermissionId[]>;

/** The permissions of one role. */
interface RoleGrant {
  readonly id: RoleId;
  readonly set: PermissionSet;
  readonly slugs: readonly PermissionSlug[];
}

type GrantedPermissions = Pick<EffectiveAccess, "permissions" | "sets">;

export function resolveGrant(
  table: PermissionTable,
  [id, permissionIds]: readonly [RoleId, readonly PermissionId[]],
): RoleGrant {
  const set = table.setOf(permissionIds);
  return { id, set, slugs: table.slugsIn(set) };
}

/** Adds the permissions of roles to those of others. */
export function combineGrants(grants: readonly RoleGrant[], others?: GrantedPermissions): GrantedPermissions {
  const sets = new Map(others?.sets);
  const permissions = new Map(others?.permissions);
  for (const { id, set, slugs } of grants) {
    sets.set(id, set);
    permissions.set(id, slugs);
  }
  return { sets, permissions };
}

/** One consistent state of an environment, some of its organizations and some of their members. */
export class ReadSnapshot {
  constructor(
    private readonly snapshot: EnvironmentSnapshot,
    /** An organization without data is undefined or absent. */
    private readonly organizations: ReadonlyMap<OrganizationId, OrganizationSnapshot | undefined>,
    private readonly members: (key: MemberKey) => Membership | undefined,
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
    return { state: organization?.state, access: accessInOrganization(this.snapshot, organization) };
  }

  member(organizationId: OrganizationId, userId: UserId): Membership | undefined {
    const organization = this.organizations.get(organizationId);
    return organization && this.members({ organizationUid: organization.state.uid, userId });
  }
}

/** Returns the cached snapshots as one, undefined if any of them is stale. Throws ENVIRONMENT_NOT_FOUND. */
export function snapshotIfCurrent(
  { environment, organizations, query }: CachedScope,
  current: CurrentRevisions,
): ReadSnapshot | undefined {
  const { uid, revision } = environment.state.environment;
  const now = current.environment(query.environmentId);
  if (!now) throw refuse.environmentNotFound(query.environmentId);
  if (now.uid !== uid || now.revision !== revision) return undefined;
  const deleted: OrganizationId[] = [];
  for (const [id, snapshot] of organizations) {
    const row = current.organization(uid, id);
    if (row && (snapshot?.state.uid !== row.uid || snapshot.state.revision !== row.revision)) return undefined;
    if (!row && snapshot) deleted.push(id);
  }
  const present = deleted.length ? without(organizations, deleted) : organizations;
  return new ReadSnapshot(environment, present, (key) => current.member(uid, key));
}

/** Returns the access in an organization of the environment. */
export function accessInOrganization(
  environment: EnvironmentSnapshot,
  organization: OrganizationSnapshot | undefined,
): EffectiveAccess {
  if (!organization?.state.own) return environment.inheritedAccess;
  if (organization.lastAccess?.environment !== environment) {
    const { table, environmentAccess } = environment;
    const grants = [...organization.grants].map((one) => resolveGrant(table, one));
    const effective = organizationRoles(environment.state, organization.state);
    const access = { effective, table, ...combineGrants(grants, environmentAccess) };
    organization.lastAccess = { environment, access };
  }
  return organization.lastAccess.access;
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, keys: readonly Key[]): Map<Key, Value> {
  const rest = new Map(map);
  for (const key of keys) rest.delete(key);
  return rest;
}
