import { type Stage, present, slugsOf } from "./stage";

export interface Scope {
  readonly environmentId: string;
  readonly organizationId: string;
}

/** What tests of members say again and again. */
export function membersOn(stage: Stage) {
  return {
    set: async (scope: Scope, userId: string, ...roleSlugs: string[]) =>
      present((await stage.memberships.setMemberRoles({ ...scope, userId, roleSlugs })).membership),

    map: async (scope: Scope, groupId: string, roleSlug: string) =>
      present((await stage.memberships.setGroupRole({ ...scope, groupId, roleSlug })).groupRole),

    sync: async (scope: Scope, userId: string, ...groupIds: string[]) =>
      present((await stage.memberships.syncMemberGroups({ ...scope, userId, groupIds })).membership),

    environmentRoles: async (environmentId: string, ...slugs: string[]) => {
      for (const slug of slugs) await stage.roles.createRole({ environmentId, slug, name: slug });
    },

    customRoles: async (scope: Scope, ...slugs: string[]) => {
      for (const slug of slugs) await stage.roles.createRole({ ...scope, slug, name: slug });
    },

    allowSeveral: async (environmentId: string, multipleRolesEnabled: boolean) => {
      const { environment } = await stage.environments.getEnvironment({ environmentId });
      const values = { ...present(environment), multipleRolesEnabled };
      const updateMask = ["multiple_roles_enabled"];
      return stage.environments.updateEnvironment({ environmentId, environment: values, updateMask });
    },

    /** The roles of every member, which all reads agree on. */
    rolesIn: async (scope: Scope): Promise<Record<string, string[]>> => {
      const { memberships } = await stage.memberships.listMemberships(scope);
      for (const membership of memberships) {
        const { userId, roleSlugs, primaryRoleSlug } = membership;
        expect(await stage.memberships.getMembership({ ...scope, userId })).toEqual({ membership });
        const access = await stage.access.getAccess({ ...scope, userId });
        expect(access).toMatchObject({ role: primaryRoleSlug, roles: roleSlugs });
        expect(roleSlugs[0]).toBe(primaryRoleSlug);
      }
      for (const roleSlug of slugsOf((await stage.roles.listOrgRoles(scope)).roles)) {
        const having = await stage.memberships.listMemberships({ ...scope, roleSlug });
        expect(having.memberships).toEqual(memberships.filter(({ roleSlugs }) => roleSlugs.includes(roleSlug)));
      }
      return Object.fromEntries(memberships.map(({ userId, roleSlugs }) => [userId, roleSlugs]));
    },

    /** The role of every mapped group. */
    groupsIn: async (scope: Scope): Promise<Record<string, string>> => {
      const { groupRoles } = await stage.memberships.listGroupRoles(scope);
      return Object.fromEntries(groupRoles.map(({ groupId, roleSlug }) => [groupId, roleSlug]));
    },
  };
}
