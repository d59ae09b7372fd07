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

const mapOf = <T>(map: ReadonlyMap<string, T>, copy: (value: T) => T): Map<string, T> =>
  new Map([...map].map(([key, value]) => [key, copy(value)]));

/** The subject of a change. A change that replaces a role by another one gives the other one, whoever had the role. */
export type Concerned = "environment" | "organizations" | { readonly id: string; readonly replacement: string };

const isAbove = (order: readonly string[], one: string, other: string) => order.indexOf(one) < order.indexOf(other);

/** Returns the roles that were below a role of a user, of any role if the user has none, and are above it now. */
function risen(before: readonly string[], after: readonly string[], held: ReadonlySet<string> | undefined): string[] {
  const common = after.filter((slug) => before.includes(slug));
  const passed = held?.size ? common.filter((slug) => held.has(slug)) : common;
  return common.filter((slug) => passed.some((own) => isAbove(before, own, slug) && isAbove(after, slug, own)));
}

/**
 * What the service promises, in the plainest way: one environment in memory, where every change rewrites everything it
 * concerns at once, whatever that costs. Roles are their slugs.
 */
export class EagerEnvironment {
  multiple = false;
  guard = false;
  default = "member";
  order = ["member"];
  grants = new Map<string, Set<string>>([["member", new Set()]]);
  permissions = new Set<string>();
  private organizations = new Map<string, Organization>();

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

  /** Returns everything that may change, as it is now. */
  private copyState() {
    const { multiple, guard, order } = this;
    return {
      multiple,
      guard,
      default: this.default,
      order: [...order],
      grants: mapOf(this.grants, (granted) => new Set(granted)),
      permissions: new Set(this.permissions),
      organizations: mapOf(this.organizations, ({ own, custom, members, groups }) => ({
        own: own && { default: own.default, order: [...own.order] },
        custom: new Set(custom),
        members: mapOf(members, (roles) => new Set(roles)),
        groups: new Map(groups),
      })),
    };
  }

  private copy(): EagerEnvironment {
    const copy = new EagerEnvironment();
    Object.assign(copy, this.copyState());
    return copy;
  }

  /**
   * Makes a change for a user, and takes it back if the guard refuses it: a change of the environment always, and a change
   * of organizations if one of them then has somewhere what it had not, with permissions that the user did not have there.
   */
  makeFor<T>(user: string | undefined, concerned: Concerned, change: () => T): T {
    if (!this.guard || user === undefined) return change();
    if (concerned === "environment") throw new Refused("ESCALATION_REFUSED");
    const before = this.copy();
    const answer = change();
    const isRefused = [...this.organizations.keys()].some((id) => {
      const held = before.grantsOfUser(id, user);
      const given = this.givenSince(before, id, user);
      if (typeof concerned === "object" && concerned.id === id) given.push(...this.grantsOf(id, concerned.replacement));
      return given.some((permission) => !held.has(permission));
    });
    if (!isRefused) return answer;
    Object.assign(this, before.copyState());
    throw new Refused("ESCALATION_REFUSED");
  }

  private grantsOfUser(id: string, user: string): Set<string> {
    const roles = this.organization(id).members.get(user) ?? [];
    return new Set([...roles].flatMap((slug) => this.grantsOf(id, slug)));
  }

  /** Returns the permissions that somebody, or something, in an organization has got, as a user who gives them sees it. */
  private givenSince(before: EagerEnvironment, id: string, user: string): string[] {
    const [then, now] = [before.organization(id), this.organization(id)];
    const given: string[] = [];
    for (const slug of now.custom)
      given.push(...this.grantsOf(id, slug).filter((one) => !before.grantsOf(id, slug).includes(one)));
    const roles = new Set<string>();
    for (const [member, slugs] of now.members)
      for (const slug of slugs) if (!then.members.get(member)?.has(slug)) roles.add(slug);
    for (const [group, slug] of now.groups) if (then.groups.get(group) !== slug) roles.add(slug);
    if (before.defaultOf(id) !== this.defaultOf(id)) roles.add(this.defaultOf(id));
    if (then.own && now.own)
      for (const slug of risen(then.own.order, now.own.order, then.members.get(user))) roles.add(slug);
    return [...given, ...[...roles].flatMap((slug) => this.grantsOf(id, slug))];
  }

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

  setGrants(id: string | undefined, slug: string, permissions: readonly string[]) {
    if (id && !this.organization(id).custom.has(slug)) throw new Refused("ROLE_BELONGS_TO_ENVIRONMENT");
    this.grants.set(id ? this.key(id, slug) : slug, new Set(permissions));
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
