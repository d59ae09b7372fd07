import { addCustomRole, environmentRoles, idsOf, organizationRoles } from "../../src/domain/effective-roles";
import type { EnvironmentState } from "../../src/domain/environment";
import type { RoleId } from "../../src/domain/ids";
import type { Membership } from "../../src/domain/membership";
import type { OrganizationState } from "../../src/domain/organization";
import { defaultRoleOf, resolveMemberRoles } from "../../src/domain/role-resolution";
import { collapse, deleted, ids, organization, role, state } from "../support/role-states";

/** Stores everything as it was given, and reads it through the rules. Members are settled when the rules demand it. */
export class LazyEnvironment {
  private revision = 1;
  private multiple = false;
  private state: EnvironmentState = state([role("member")]);
  private home = organization();
  private members = new Map<string, Pick<Membership, "roleIds" | "materializedAtRevision">>();
  private defaultId = "member" as RoleId;
  private order = ids("member");

  private get present(): EnvironmentState {
    const environment = {
      ...this.state.environment,
      revision: this.revision,
      defaultRoleId: this.defaultId,
      order: this.order,
    };
    return { ...this.state, environment };
  }

  private settle(users: Iterable<string> = this.members.keys()): void {
    for (const user of users) {
      const member = this.members.get(user);
      if (member)
        this.members.set(user, {
          roleIds: resolveMemberRoles(this.present, this.home, member),
          materializedAtRevision: this.revision,
        });
    }
  }

  sweep(number: number): void {
    this.settle([...this.members.keys()].slice(0, number % 4));
  }

  createRole(id: string): void {
    this.revision += 1;
    this.state = { ...this.state, roles: new Map(this.state.roles).set(id as RoleId, role(id, this.revision)) };
    this.order = [...this.order, id as RoleId];
  }

  createCustomRole(id: string): void {
    if (!this.home.own) this.settle();
    const custom = role(id, this.revision, "acme");
    const after = addCustomRole(custom, this.present, this.home);
    this.home = { ...this.home, own: after.own, customRoles: [...this.home.customRoles, custom] };
  }

  deleteRole(id: string, replacement: string): void {
    this.revision += 1;
    if (this.defaultId === id) this.defaultId = replacement as RoleId;
    this.order = this.order.filter((other) => other !== id);
    const tombstone = deleted(id, this.revision, this.defaultId, replacement);
    const createdRevision = this.state.roles.get(id as RoleId)?.createdRevision ?? 0;
    this.state = {
      ...this.state,
      roles: new Map(this.state.roles).set(id as RoleId, { ...tombstone, createdRevision }),
    };
  }

  deleteCustomRole(id: string, replacement: string): void {
    this.settle();
    const { own: config, customRoles, replaced } = this.home;
    if (!config) return;
    this.home = {
      ...this.home,
      own: { ...config, defaultRoleId: config.defaultRoleId === id ? (replacement as RoleId) : config.defaultRoleId },
      customRoles: customRoles.filter((custom) => custom.id !== id),
      replaced: new Map(replaced).set(id as RoleId, replacement as RoleId),
    };
  }

  setDefault(id: string, inOrganization: boolean): void {
    if (!inOrganization) this.revision += 1;
    if (!inOrganization) this.defaultId = id as RoleId;
    else this.change((config) => ({ ...config, defaultRoleId: id as RoleId }));
  }

  setPriority(order: readonly string[], inOrganization: boolean): void {
    if (!inOrganization) this.revision += 1;
    if (!inOrganization) this.order = ids(...order);
    else this.change((config) => ({ ...config, order: ids(...order) }));
  }

  reset(): void {
    this.settle();
    const { own: _, ...inheriting } = this.home;
    this.home = inheriting;
  }

  private change(
    changed: (config: NonNullable<OrganizationState["own"]>) => NonNullable<OrganizationState["own"]>,
  ): void {
    this.settle();
    if (this.home.own) this.home = { ...this.home, own: changed(this.home.own) };
  }

  setMultiple(enabled: boolean): void {
    this.revision += 1;
    if (this.multiple && !enabled) {
      const order = idsOf(environmentRoles(this.present).roles);
      this.state = {
        ...this.state,
        multipleRolesDisabled: [...this.state.multipleRolesDisabled, collapse(this.revision, ...order)],
      };
    }
    this.multiple = enabled;
  }

  setMember(user: string, roleIds: readonly string[]): void {
    const given = roleIds.length ? ids(...roleIds) : [organizationRoles(this.present, this.home).defaultRole.id];
    this.members.set(user, { roleIds: given, materializedAtRevision: this.revision });
  }

  read() {
    const { roles, defaultRole } = organizationRoles(this.present, this.home);
    const { own: config } = this.home;
    if (config && defaultRoleOf(this.present, { ...this.home, own: config }) !== defaultRole)
      throw new Error("the default role has two meanings");
    const held = [...this.members].map(([user, member]) => [
      user,
      resolveMemberRoles(this.present, this.home, member).toSorted(),
    ]);
    return { order: idsOf(roles), defaultId: defaultRole.id, held };
  }
}
