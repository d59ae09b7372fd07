/** A refusal, as its reason. */
export class Refused extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

interface Organization {
  own: { default: string; order: string[] } | undefined;
  readonly custom: Set<string>;
  readonly members: Map<string, Set<string>>;
  readonly groups: Map<string, string>;
}

const without = (order: readonly string[], slug: string) => order.filter((other) => other !== slug);

/**
 * What the service promises, in the plainest way: one environment in memory, where every change rewrites everything it
 * concerns at once, whatever that costs. Roles are their slugs.
 */
export class EagerEnvironment {
  multiple = false;
  default = "member";
  order = ["member"];
  readonly grants = new Map<string, Set<string>>([["member", new Set()]]);
  readonly permissions = new Set<string>();
  private readonly organizations = new Map<string, Organization>();

  organization(id: string): Organization {
    let organization = this.organizations.get(id);
    if (!organization) {
      organization = { own: undefined, custom: new Set(), members: new Map(), groups: new Map() };
      this.organizations.set(id, organization);
    }
    return organization;
  }

  orderOf = (id: string) => this.organization(id).own?.order ?? this.order;
  defaultOf = (id: string) => this.organization(id).own?.default ?? this.default;
  private key = (id: string, slug: string) => (this.organization(id).custom.has(slug) ? `${id}/${slug}` : slug);
  grantsOf = (id: string, slug: string) => [...(this.grants.get(this.key(id, slug)) ?? [])].sort();

  createPermission(slug: string) {
    if (this.permissions.has(slug)) throw new Refused("PERMISSION_SLUG_TAKEN");
    this.permissions.add(slug);
  }

  deletePermission(slug: string) {
    if (!this.permissions.delete(slug)) throw new Refused("PERMISSION_NOT_FOUND");
    for (const granted of this.grants.values()) granted.delete(slug);
  }

  createRole(id: string | undefined, slug: string, permissions: readonly string[]) {
    if (permissions.some((permission) => !this.permissions.has(permission))) throw new Refused("PERMISSION_UNKNOWN");
    const order = id ? this.orderOf(id) : this.order;
    if (order.includes(slug)) throw new Refused("ROLE_SLUG_TAKEN");
    if (id) {
      const organization = this.organization(id);
      organization.own = { default: this.defaultOf(id), order: [...order, slug] };
      organization.custom.add(slug);
      this.grants.set(this.key(id, slug), new Set(permissions));
      return;
    }
    this.order = [...this.order, slug];
    for (const { own } of this.organizations.values()) own?.order.push(slug);
    this.grants.set(slug, new Set(permissions));
  }

  setPriority(id: string | undefined, order: readonly string[]) {
    if (!id) this.order = [...order];
    else this.ownOf(id).order = [...order];
  }

  setDefault(id: string | undefined, slug: string) {
    const own = id ? this.ownOf(id) : this;
    if (!own.order.includes(slug)) throw new Refused("ROLE_NOT_FOUND");
    own.default = slug;
  }

  reset(id: string) {
    const organization = this.organization(id);
    if (organization.custom.size) throw new Refused("ORGANIZATION_HAS_CUSTOM_ROLES");
    organization.own = undefined;
  }

  private ownOf(id: string) {
    const { own } = this.organization(id);
    if (!own) throw new Refused("ORGANIZATION_INHERITS_ENVIRONMENT");
    return own;
  }

  deleteEnvironmentRole(slug: string, replacement: string | undefined) {
    if (!this.order.includes(slug)) throw new Refused("ROLE_NOT_FOUND");
    if (replacement !== undefined && (replacement === slug || !this.order.includes(replacement)))
      throw new Refused("REPLACEMENT_ROLE_INVALID");
    const owns = [...this.organizations.values()].flatMap(({ own }) => own ?? []);
    const affected = owns.filter((own) => own.default === slug);
    if (replacement === undefined && (affected.length || this.default === slug))
      throw new Refused("REPLACEMENT_DEFAULT_ROLE_REQUIRED");

    for (const own of [this, ...owns]) {
      own.order = without(own.order, slug);
      if (replacement !== undefined && own.default === slug) own.default = replacement;
    }
    this.grants.delete(slug);
    let reassigned = 0;
    for (const [id, { members, groups }] of this.organizations) {
      for (const roles of members.values())
        if (roles.delete(slug) && !roles.size) {
          roles.add(this.defaultOf(id));
          reassigned += 1;
        }
      for (const [group, role] of groups) if (role === slug) groups.delete(group);
    }
    return { affectedOrganizationCount: affected.length, reassignedMembershipCount: reassigned };
  }

  deleteOrgRole(id: string, slug: string, replacement: string | undefined) {
    const organization = this.organization(id);
    const { own, members, groups } = organization;
    if (!this.orderOf(id).includes(slug)) throw new Refused("ROLE_NOT_FOUND");
    if (!own || !organization.custom.has(slug)) throw new Refused("ROLE_BELONGS_TO_ENVIRONMENT");
    if (replacement !== undefined && (replacement === slug || !own.order.includes(replacement)))
      throw new Refused("REPLACEMENT_ROLE_INVALID");
    const holders = [...members.values()].filter((roles) => roles.has(slug));
    const mapped = [...groups].flatMap(([group, role]) => (role === slug ? group : []));
    if (replacement === undefined) {
      if (own.default === slug) throw new Refused("REPLACEMENT_DEFAULT_ROLE_REQUIRED");
      if (holders.length + mapped.length) throw new Refused("ROLE_IN_USE");
    } else {
      for (const roles of holders) {
        roles.delete(slug);
        roles.add(replacement);
      }
      for (const group of mapped) groups.set(group, replacement);
      if (own.default === slug) own.default = replacement;
    }
    own.order = without(own.order, slug);
    this.grants.delete(this.key(id, slug));
    organization.custom.delete(slug);
    return { reassignedMembershipCount: holders.length, movedGroupRoleCount: mapped.length };
  }

  setMultiple(enabled: boolean) {
    this.multiple = enabled;
    if (enabled) return;
    for (const [id, { members }] of this.organizations)
      for (const [user, roles] of members) members.set(user, new Set(this.inOrder(id, roles).slice(0, 1)));
  }

  inOrder = (id: string, roles: ReadonlySet<string>) => this.orderOf(id).filter((slug) => roles.has(slug));

  setMember(id: string, user: string, slugs: readonly string[]) {
    if (slugs.some((slug) => !this.orderOf(id).includes(slug))) throw new Refused("ROLE_NOT_ASSIGNABLE");
    if (!this.multiple && slugs.length > 1) throw new Refused("MULTIPLE_ROLES_DISABLED");
    this.organization(id).members.set(user, new Set(slugs.length ? slugs : [this.defaultOf(id)]));
  }

  deleteMember(id: string, user: string) {
    if (!this.organization(id).members.delete(user)) throw new Refused("MEMBERSHIP_NOT_FOUND");
  }

  deleteUser(user: string) {
    const deleted = [...this.organizations.values()].filter(({ members }) => members.delete(user));
    return { deletedCount: deleted.length };
  }

  /** Returns the ids of the organizations that have data, sorted. */
  withData(): string[] {
    const found = [...this.organizations].filter(
      ([, { own, members, groups }]) => own ?? (members.size || groups.size),
    );
    return found.map(([id]) => id).sort();
  }

  /** Returns the roles of all members who fulfil a condition, by organization and user, in the order of both. */
  memberships(isWanted: (user: string, roles: ReadonlySet<string>) => boolean): [string, string, string[]][] {
    const found = [...this.organizations].flatMap(([id, { members }]) =>
      [...members].flatMap(([user, roles]): [string, string, string[]][] =>
        isWanted(user, roles) ? [[id, user, this.inOrder(id, roles)]] : [],
      ),
    );
    return found.sort((a, b) => (a.join() < b.join() ? -1 : 1));
  }

  countOrganization(id: string) {
    const { custom, members } = this.organization(id);
    return { deletedRoleCount: custom.size, deletedMembershipCount: members.size };
  }

  setGroup(id: string, group: string, slug: string) {
    if (!this.orderOf(id).includes(slug)) throw new Refused("ROLE_NOT_ASSIGNABLE");
    this.organization(id).groups.set(group, slug);
  }

  deleteGroup(id: string, group: string) {
    if (!this.organization(id).groups.delete(group)) throw new Refused("GROUP_ROLE_NOT_FOUND");
  }

  syncMember(id: string, user: string, groups: readonly string[]) {
    const mapped = new Set(groups.flatMap((group) => this.organization(id).groups.get(group) ?? []));
    const roles = this.inOrder(id, mapped).slice(0, this.multiple ? undefined : 1);
    this.organization(id).members.set(user, new Set(roles.length ? roles : [this.defaultOf(id)]));
  }

  deleteOrganization(id: string) {
    const counts = this.countOrganization(id);
    for (const slug of this.organization(id).custom) this.grants.delete(this.key(id, slug));
    this.organizations.delete(id);
    return counts;
  }
}
