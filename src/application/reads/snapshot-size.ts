import type { PermissionTable } from "../../domain/permission-set";
import type { EnvironmentState } from "../../domain/environment";
import type { OrganizationSnapshot } from "./read-snapshot";

/** Bytes of memory, measured in the heap before and after: `npm run bench:memory` repeats it. */
const cost = {
  environment: 4000,
  /** With the views and encoded responses that are made of a role. */
  environmentRole: 4000,
  permission: 350,
  organization: 900,
  place: 8,
  customRole: 700,
  bits: 1 / 4,
  /** A list of an organization's roles, and its response. */
  listedRole: 900,
  access: 2000,
} as const;

/** Returns about how many bytes an environment's snapshot takes, with everything that is made of it. */
export const environmentBytes = ({ roles }: EnvironmentState, table: PermissionTable): number =>
  cost.environment + table.size * cost.permission + roles.size * (cost.environmentRole + table.size * 8);

/** Returns about how many bytes an organization's snapshot takes. */
export const organizationBytes = ({ state, sets }: OrganizationSnapshot, table: PermissionTable): number =>
  cost.organization +
  (state.own?.order.length ?? 0) * cost.place +
  (state.customRoles.length + state.replaced.size) * cost.customRole +
  sets.size * Math.ceil(table.size * cost.bits);

/** Returns about how many bytes access in an organization takes, with the lists and responses that are made of it. */
export const accessBytes = ({ state }: OrganizationSnapshot, environment: EnvironmentState): number =>
  cost.access + (state.customRoles.length + environment.roles.size) * cost.listedRole;
