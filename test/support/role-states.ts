import type { EnvironmentState } from "../../src/domain/environment";
import type { OrganizationUid, RoleId } from "../../src/domain/ids";
import type { OrganizationState } from "../../src/domain/organization";
import type { EnvironmentRole, Role } from "../../src/domain/role";
import type { Slug } from "../../src/domain/slug";
import type { Description, Name } from "../../src/domain/values";

/** Returns a live role whose slug and name are its id; of the environment unless an organization is given. */
export const role = (id: string, createdRevision = 1, organizationId = ""): EnvironmentRole => ({
  id: id as RoleId,
  organizationId: organizationId as Role["organizationId"],
  slug: id as Slug,
  name: id as Name,
  description: "" as Description,
  createdRevision,
  createTime: 0,
  updateTime: 0,
});

/** Returns a deleted role of the environment. */
export const deleted = (id: string, deletedRevision: number, environmentDefault: string, replacement?: string) => ({
  ...role(id),
  tombstone: {
    deletedRevision,
    replacementRoleId: replacement as RoleId | undefined,
    environmentDefaultRoleId: environmentDefault as RoleId,
  },
});

/** Returns an environment with these roles, at revision 100, whose default role is `member`. */
export const state = (
  roles: EnvironmentRole[],
  multipleRolesDisabled: EnvironmentState["multipleRolesDisabled"] = [],
): EnvironmentState => ({
  environment: { revision: 100, defaultRoleId: "member", order: [] } as unknown as EnvironmentState["environment"],
  roles: new Map(roles.map((one) => [one.id, one])),
  multipleRolesDisabled,
});

/** Returns the organization `acme`, which inherits the configuration unless `changes` contain one. */
export const organization = (changes: Partial<OrganizationState> = {}): OrganizationState => ({
  uid: "uid" as OrganizationUid,
  id: "acme" as OrganizationState["id"],
  revision: 2,
  customRoles: [],
  replaced: new Map(),
  ...changes,
});

/** Returns the texts as ids of roles. */
export const ids = (...texts: string[]) => texts as RoleId[];

/** Returns an end of multiple roles, with the environment's order of that moment. */
export const collapse = (revision: number, ...order: string[]) => ({
  revision,
  order: order as RoleId[],
  createTime: 0,
});
