import type { PermissionTable } from "../../domain/permission-set";
import type { EnvironmentState } from "../../domain/environment";
import type { MemberKey } from "../../domain/membership";
import type { OrganizationSnapshot } from "./read-snapshot";

/**
 * Bytes of memory. Those of organizations, lists and members are measured in the heap (`npm run bench:memory`). Those of an environment
 * are estimates: there are few environments.
 */
const cost = {
  environment: 4000,
  /** A role with the responses that are made of it. */
  environmentRole: 4000,
  permission: 350,
  organization: 900,
  /** A place in an order. */
  place: 8,
  customRole: 400,
  /** A permission's bit, and its part of the list of numbers. */
  bit: 1 / 4,
  access: 2000,
  /** A role in a list, and in the response with that list. */
  listedRole: 450,
  /** A user of an organization, with the key of the cache. */
  member: 340,
  memberRole: 8,
} as const;

/** Returns about how many bytes an environment's snapshot takes, with everything that is made of it. */
export const environmentBytes = ({ roles }: EnvironmentState, table: PermissionTable): number =>
  cost.environment + table.size * cost.permission + roles.size * (cost.environmentRole + table.size * 8);

/** Returns about how many bytes an organization's snapshot takes. */
export const organizationBytes = ({ state, sets }: OrganizationSnapshot, table: PermissionTable): number =>
  cost.organization +
  (state.own?.order.length ?? 0) * cost.place +
  (state.customRoles.length + state.replaced.size) * cost.customRole +
  sets.size * Math.ceil(table.size * cost.bit);

/** Returns about how many bytes access in an organization takes, with the lists and responses that are made of it. */
export const accessBytes = ({ state }: OrganizationSnapshot, environment: EnvironmentState): number =>
  cost.access + (state.customRoles.length + environment.roles.size) * cost.listedRole;

/** Returns about how many bytes it takes to know the roles of a user in an organization, also if the user has none. */
export const memberBytes = ({ userId }: MemberKey, roles: number): number =>
  cost.member + 2 * userId.length + roles * cost.memberRole;
