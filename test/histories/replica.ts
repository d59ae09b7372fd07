import type { Event } from "../../gen/orgroles/v1/event";

interface Role {
  readonly slug: string;
  readonly permissions: readonly string[];
}

interface Config {
  readonly default: string;
  readonly order: readonly string[];
}

/** An event of the environment, with what applying it to an organization needs. */
interface EnvironmentEvent {
  readonly revision: number;
  readonly apply: (organization: OrganizationCopy) => void;
}

const sorted = <T>(rows: ReadonlyMap<string, T>) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
const without = (ids: readonly string[], id: string) => ids.filter((other) => other !== id);

/** A copy of an organization. It applies the environment's events up to what its own events have seen, and then its own. */
class OrganizationCopy {
  own: Config | undefined;
  readonly custom = new Map<string, Role>();
  readonly members = new Map<string, readonly string[]>();
  readonly groups = new Map<string, string>();
  private applied = 0;

  /** Applies the events of the environment up to a revision. */
  advance(events: readonly EnvironmentEvent[], revision: number): void {
    for (let next = events[this.applied]; next && next.revision <= revision; next = events[this.applied]) {
      next.apply(this);
      this.applied += 1;
    }
  }

  addToOrder(id: string): void {
    if (this.own) this.own = { ...this.own, order: [...this.own.order, id] };
  }

  /** Removes a role. Its members and groups get the replacement, and so does the default. */
  removeRole(
    id: string,
    { replacement, onlyRole }: { replacement: string; onlyRole: (own: Config | undefined) => string },
  ) {
    if (this.own) {
      const { default: before, order } = this.own;
      this.own = { default: before === id ? replacement : before, order: without(order, id) };
    }
    for (const [user, ids] of this.members) {
      if (!ids.includes(id)) continue;
      const left = without(ids, id);
      this.members.set(user, left.length ? left : [onlyRole(this.own)]);
    }
  }

  apply({ change }: Event): void {
    switch (change?.$case) {
      case "role":
        return this.applyRole(change.value);
      case "roleConfig": {
        const { after, roleIds } = change.value;
        this.own = after && !after.inheritsEnvironment ? configOf(after, roleIds) : undefined;
        return;
      }
      case "membership": {
        const { before, after, roleIds } = change.value;
        if (after) this.members.set(after.userId, roleIds);
        else this.members.delete(before?.userId ?? "");
        return;
      }
      case "groupRole": {
        const { before, after, roleId } = change.value;
        if (after) this.groups.set(after.groupId, roleId);
        else this.groups.delete(before?.groupId ?? "");
        return;
      }
      case "organization":
        this.own = undefined;
        for (const rows of [this.custom, this.members, this.groups]) rows.clear();
        return;
      default:
        throw new Error(`an organization has no event of ${change?.$case}`);
    }
  }

  private applyRole({ before, after, replacementRoleId }: Extract<Event["change"], { $case: "role" }>["value"]): void {
    if (after) {
      if (!before) this.addToOrder(after.id);
      this.custom.set(after.id, after);
      return;
    }
    const { id = "" } = before ?? {};
    this.custom.delete(id);
    for (const [user, ids] of this.members)
      if (ids.includes(id)) this.members.set(user, [...new Set([...without(ids, id), replacementRoleId])]);
    for (const [group, role] of this.groups) if (role === id) this.groups.set(group, replacementRoleId);
    this.removeRole(id, { replacement: replacementRoleId, onlyRole: () => replacementRoleId });
  }
}

const configOf = (
  config: { readonly defaultRoleSlug: string; readonly priorityOrder: readonly string[] },
  ids: readonly string[],
): Config => ({
  default: ids[config.priorityOrder.indexOf(config.defaultRoleSlug)] ?? "",
  order: ids,
});

/** A copy of an environment that knows nothing but events, by the recipe of `docs/events.md`. */
export class Replica {
  private multiple = false;
  private guard = false;
  private config: Config = { default: "", order: [] };
  private readonly roles = new Map<string, Role>();
  private readonly organizations = new Map<string, OrganizationCopy>();
  private readonly ownEvents: EnvironmentEvent[] = [];

  apply(event: Event): void {
    if (event.organizationId === "") return this.applyOwn(event);
    const organization = this.organization(event.organizationId);
    organization.advance(this.ownEvents, event.environmentRevision);
    organization.apply(event);
  }

  /** Returns an organization as the API shows it. */
  view(id: string) {
    const organization = this.organization(id);
    organization.advance(this.ownEvents, Infinity);
    const { own, custom, members, groups } = organization;
    const roles = new Map([...this.roles, ...custom]);
    const { default: defaultId, order } = own ?? this.config;
    const slugOf = (roleId: string) => roles.get(roleId)?.slug ?? `unknown ${roleId}`;
    const inOrder = (ids: readonly string[]) => order.filter((one) => ids.includes(one)).map(slugOf);
    return {
      multiple: this.multiple,
      guard: this.guard,
      inherits: !own,
      roles: order.map((one) => [slugOf(one), one === defaultId, roles.get(one)?.permissions]),
      members: sorted(members).map(([user, ids]) => [user, inOrder(ids)]),
      groups: sorted(groups).map(([group, role]) => [group, slugOf(role)]),
    };
  }

  private organization(id: string): OrganizationCopy {
    const known = this.organizations.get(id) ?? new OrganizationCopy();
    this.organizations.set(id, known);
    return known;
  }

  private applyOwn({ change, environmentRevision: revision }: Event): void {
    const then = (apply: EnvironmentEvent["apply"]) => void this.ownEvents.push({ revision, apply });
    switch (change?.$case) {
      case "environment": {
        const hadMultiple = this.multiple;
        this.multiple = change.value.after?.multipleRolesEnabled ?? false;
        this.guard = change.value.after?.escalationGuardEnabled ?? false;
        const { order } = this.config;
        if (hadMultiple && !this.multiple)
          then(({ own, members }) => {
            for (const [user, ids] of members) {
              const highest = (own?.order ?? order).find((id) => ids.includes(id));
              members.set(user, highest === undefined ? [] : [highest]);
            }
          });
        return;
      }
      case "roleConfig": {
        const { after, roleIds } = change.value;
        if (after) this.config = configOf(after, roleIds);
        return;
      }
      case "permission": {
        const { before, after } = change.value;
        if (after || !before) return;
        revoke(this.roles, before.slug);
        return then(({ custom }) => revoke(custom, before.slug));
      }
      case "role":
        return this.applyRole(change.value, then);
      default:
        throw new Error(`an environment has no event of ${change?.$case}`);
    }
  }

  private applyRole(
    {
      before,
      after,
      replacementRoleId,
      environmentDefaultRoleId,
    }: Extract<Event["change"], { $case: "role" }>["value"],
    then: (apply: EnvironmentEvent["apply"]) => void,
  ): void {
    if (after) {
      this.roles.set(after.id, after);
      if (before || this.config.order.includes(after.id)) return;
      this.config = { ...this.config, order: [...this.config.order, after.id] };
      return then((organization) => organization.addToOrder(after.id));
    }
    const { id = "" } = before ?? {};
    this.roles.delete(id);
    this.config = { default: environmentDefaultRoleId, order: without(this.config.order, id) };
    then((organization) => {
      for (const [group, role] of organization.groups) if (role === id) organization.groups.delete(group);

      organization.removeRole(id, {
        replacement: replacementRoleId || environmentDefaultRoleId,
        onlyRole: (own) => own?.default ?? environmentDefaultRoleId,
      });
    });
  }
}

function revoke(roles: Map<string, Role>, slug: string): void {
  for (const [id, role] of roles) roles.set(id, { ...role, permissions: without(role.permissions, slug) });
}
