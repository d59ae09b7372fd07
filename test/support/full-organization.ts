import { randomInt } from "node:crypto";
import { defaultQuotas } from "../../src/domain/limits";
import type { Role } from "../../src/domain/role";
import { many } from "./many";
import { type TestStorage, aMember, aPermission, aRole, anEnvironment, anOrganization, environmentId } from "./storage";

/** An organization in which every quota is used up, and all that a request needs to name it. */
export interface FullOrganization {
  readonly environmentId: string;
  readonly organizationId: string;
  /** Every slug has 48 random characters. */
  readonly permissions: readonly string[];
  readonly environmentRoles: readonly string[];
  readonly customRoles: readonly string[];
  /** Has one role. */
  readonly member: string;
  /** Has every role. */
  readonly chief: string;
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
const randomText = (length: number) => many(length, () => letters[randomInt(letters.length)]).join("");

const ids = (roles: readonly Role[]) => roles.map((role) => role.id);

/** Fills an environment that does not exist yet: 200 roles of its own, 200 custom ones, 500 of 2000 permissions each. */
export async function fillOrganization({ units }: TestStorage, id: string): Promise<FullOrganization> {
  const organization = anOrganization("acme");
  const permissions = many(defaultQuotas.permissions, () => aPermission(randomText(48)));
  const environmentRoles = many(defaultQuotas.environmentRoles, () => aRole(randomText(48)));
  const customRoles = many(defaultQuotas.customRoles, () =>
    aRole(`org-${randomText(44)}`, { organizationId: organization.id }),
  );
  const all = [...environmentRoles, ...customRoles];
  const [first] = ids(environmentRoles);
  const environment = anEnvironment({
    id: environmentId(id),
    multipleRolesEnabled: true,
    order: ids(environmentRoles),
    ...(first && { defaultRoleId: first }),
  });
  const { uid, defaultRoleId } = environment;
  await units.write(async (stores) => {
    await stores.environments.insert(environment);
    await stores.organizations.insert(uid, [organization]);
    await stores.organizations.saveOwn(uid, organization.id, { defaultRoleId, order: ids(all) });
    for (const permission of permissions) await stores.permissions.insert(uid, permission);
    for (const [index, role] of all.entries()) {
      await stores.roles.insert(uid, role);
      const start = (index * 7) % permissions.length;
      const granted = [...permissions, ...permissions].slice(start, start + defaultQuotas.permissionsPerRole);
      await stores.roles.addPermissions(
        uid,
        role,
        granted.map((permission) => permission.id),
      );
    }
    const members = many(1000, (index) => aMember(organization.uid, `user-${index}`, [defaultRoleId]));
    await stores.memberships.put(uid, [...members, aMember(organization.uid, "chief", ids(all))]);
  });
  return {
    environmentId: id,
    organizationId: organization.id,
    permissions: permissions.map(({ slug }) => slug),
    environmentRoles: environmentRoles.map(({ slug }) => slug),
    customRoles: customRoles.map(({ slug }) => slug),
    member: "user-0",
    chief: "chief",
  };
}
