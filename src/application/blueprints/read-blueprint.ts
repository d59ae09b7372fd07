import { environmentRoles, organizationRoles, slugsOf } from "../../domain/effective-roles";
import type { Environment, EnvironmentState } from "../../domain/environment";
import type { GroupRole } from "../../domain/group-role";
import type { RoleId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { Organization, OrganizationState } from "../../domain/organization";
import type { Permission } from "../../domain/permission";
import { type Role, environmentOwner, isCustom } from "../../domain/role";
import { resolveGroupRole, unresolvedGroupRoles } from "../../domain/role-resolution";
import type { OrganizationId, PermissionSlug } from "../../domain/values";
import type { Stores } from "../ports/unit-of-work";
import { loadEnvironment, loadOrganizations } from "../transactions/load-state";
import type { EnvironmentBlueprint, Present, PresentOrganization, RoleBlueprint } from "./blueprint";

export async function readEnvironment(
  stores: Stores,
  environment: Environment,
): Promise<Present<EnvironmentBlueprint>> {
  const effective = environmentRoles(await loadEnvironment(stores, environment));
  const granted = await stores.roles.permissionsOf(environment.uid, [environmentOwner]);
  const permissions: Permission[] = [];
  for (let page; !page || page.length === limits.maxPageSize; permissions.push(...page))
    page = await stores.permissions.list(environment.uid, permissions.at(-1)?.slug ?? "", limits.maxPageSize);
  return {
    kind: "environment",
    displayName: environment.displayName,
    multipleRolesEnabled: environment.multipleRolesEnabled,
    escalationGuardEnabled: environment.escalationGuardEnabled,
    permissions: permissions.map(({ slug, name, description }) => ({ slug, name, description })),
    roles: effective.roles.map((role) => toRoleBlueprint(role, granted)),
    defaultRole: effective.defaultRole.slug,
  };
}

export async function readOrganizations(
  stores: Stores,
  environment: Environment,
  rows: readonly Organization[],
): Promise<PresentOrganization[]> {
  const state = await loadEnvironment(stores, environment);
  const organizations = await loadOrganizations(stores, environment.uid, rows);
  const owners = [...organizations.values()].flatMap(({ id, customRoles }) => (customRoles.length ? [id] : []));
  const granted = owners.length ? await stores.roles.permissionsOf(environment.uid, owners) : new Map();
  const blueprints: PresentOrganization[] = [];
  for (const organization of organizations.values())
    blueprints.push(
      toOrganizationBlueprint(
        organization.id,
        state,
        organization,
        granted,
        await readGroups(stores, state, organization),
      ),
    );
  return blueprints;
}

export async function readOrganization(
  stores: Stores,
  environment: Environment,
  id: OrganizationId,
): Promise<PresentOrganization> {
  const [found] = await readOrganizations(stores, environment, await stores.organizations.find(environment.uid, [id]));
  return (
    found ?? toOrganizationBlueprint(id, await loadEnvironment(stores, environment), undefined, new Map(), new Map())
  );
}

function toOrganizationBlueprint(
  organizationId: OrganizationId,
  state: EnvironmentState,
  organization: OrganizationState | undefined,
  granted: ReadonlyMap<RoleId, readonly PermissionSlug[]>,
  groups: ReadonlyMap<string, string>,
): PresentOrganization {
  const effective = organizationRoles(state, organization);
  return {
    kind: "organization",
    organizationId,
    inheritsEnvironment: effective.inheritsEnvironment,
    roles: effective.roles.filter(isCustom).map((role) => toRoleBlueprint(role, granted)),
    defaultRole: effective.defaultRole.slug,
    priority: slugsOf(effective.roles),
    groups,
  };
}

const toRoleBlueprint = (
  { id, slug, name, description }: Role,
  granted: ReadonlyMap<RoleId, readonly PermissionSlug[]>,
): RoleBlueprint => ({ slug, name, description, permissions: granted.get(id) ?? [] });

/** Returns the slug of the role of each mapped group. */
async function readGroups(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
): Promise<Map<string, string>> {
  const slugs = new Map(organizationRoles(state, organization).roles.map(({ id, slug }) => [id, slug]));
  const without = unresolvedGroupRoles(state, organization);
  const groups = new Map<string, string>();
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page: GroupRole[] = await stores.groupRoles.list(state.environment.uid, organization.uid, {
      after,
      limit: limits.maxPageSize,
      without,
    });
    for (const { groupId, roleId } of page) {
      const slug = slugs.get(resolveGroupRole(state, organization, roleId) ?? roleId);
      if (slug) groups.set(groupId, slug);
    }
    after = page.length === limits.maxPageSize ? page.at(-1)?.groupId : undefined;
  }
  return groups;
}
