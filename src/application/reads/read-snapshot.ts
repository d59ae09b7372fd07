import type { EffectiveAccess } from "../../domain/effective-access";
import { organizationRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import type { PermissionId, RoleId } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { OrganizationState } from "../../domain/organization";
import type { PermissionTable } from "../../domain/permission-set";
import type { OrganizationId, UserId } from "../../domain/values";
import type { CurrentRevisions, RevisionQuery } from "../ports/revision-store";

export interface EnvironmentSnapshot {
  readonly state: EnvironmentState;
  readonly table: PermissionTable;
  readonly environmentAccess: EffectiveAccess;
  /** Of organizations without anything of their own. */
  readonly inheritedAccess: EffectiveAccess;
}

export interface OrganizationSnapshot {
  readonly state: OrganizationState;
  readonly grants: Grants;
  /** What it holds together with the environment's snapshot that was used last. */
  lastAccess?: { readonly environment: EnvironmentSnapshot; readonly access: EffectiveAccess };
}

export interface CachedScope {
  readonly environment: EnvironmentSnapshot;
  /** Undefined: not in memory. */
  readonly organizations: ReadonlyMap<OrganizationId, OrganizationSnapshot | undefined>;
  readonly query: RevisionQuery;
}

export type Grants = ReadonlyMap<RoleId, readonly PermissionId[]>;

type Granted = Pick<EffectiveAccess, "permissions" | "sets">;

export const grantsOfRole = (
  table: PermissionTable,
  [id, permissionIds]: readonly [RoleId, readonly PermissionId[]],
) => {
  const set = table.setOf(permissionIds);
  return { id, set, slugs: table.slugsIn(set) };
};

/** What roles grant, with the roles that were there before. */
export function combineGrants(granted: readonly ReturnType<typeof grantsOfRole>[], before?: Granted): Granted {
  const sets = new Map(before?.sets);
  const permissions = new Map(before?.permissions);
  for (const { id, set, slugs } of granted) {
    sets.set(id, set);
    permissions.set(id, slugs);
  }
  return { sets, permissions };
}

/** One consistent state of an environment, some of its organizations and some of their members. */
export class ReadSnapshot {
  constructor(
    private readonly snapshot: EnvironmentSnapshot,
    /** Those that have no data may be absent. */
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

/** Undefined: something of it is not as the database has it. */
export function snapshotIfCurrent(
  { environment, organizations, query }: CachedScope,
  current: CurrentRevisions,
): ReadSnapshot | undefined {
  const { uid, revision } = environment.state.environment;
  const present = current.environment(query.environmentId);
  if (!present) throw refuse.environmentNotFound(query.environmentId);
  if (present.uid !== uid || present.revision !== revision) return undefined;
  const gone: OrganizationId[] = [];
  for (const [id, snapshot] of organizations) {
    const row = current.organization(uid, id);
    if (row && (snapshot?.state.uid !== row.uid || snapshot.state.revision !== row.revision)) return undefined;
    if (!row && snapshot) gone.push(id); // its data has been deleted
  }
  const used = gone.length ? without(organizations, gone) : organizations;
  return new ReadSnapshot(environment, used, (key) => current.member(uid, key));
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, keys: readonly Key[]): Map<Key, Value> {
  const rest = new Map(map);
  for (const key of keys) rest.delete(key);
  return rest;
}

export function accessInOrganization(
  environment: EnvironmentSnapshot,
  organization: OrganizationSnapshot | undefined,
): EffectiveAccess {
  if (!organization?.state.own) return environment.inheritedAccess;
  if (organization.lastAccess?.environment !== environment) {
    const { table, environmentAccess } = environment;
    const granted = [...organization.grants].map((one) => grantsOfRole(table, one));
    const effective = organizationRoles(environment.state, organization.state);
    const access = { effective, table, ...combineGrants(granted, environmentAccess) };
    organization.lastAccess = { environment, access };
  }
  return organization.lastAccess.access;
}
