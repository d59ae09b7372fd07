import type { MembershipPlace } from "../../application/ports/membership-store";
import type { Walk } from "../../application/ports/walk";
import type { EnvironmentUid, OrganizationUid } from "../../domain/ids";
import type { Membership } from "../../domain/membership";
import type { Dialect } from "../engines/dialect";

/** A piece of SQL that finds members, and its parameters. */
export type Selection = readonly [sql: string, ...parameters: (string | number)[]];

/** Returns a selection of the first members of several ordered selections, each member once. */
export const firstOf = (limit: number, selections: readonly Selection[]): Selection =>
  joined(`ORDER BY organization_uid, user_id LIMIT ${limit}`, selections);

/** Returns a selection of the members of several selections, each member once. */
const joined = (order: string, selections: readonly Selection[]): Selection => [
  `${selections.map(([sql], index) => `SELECT * FROM (${sql}) part${index}`).join(" UNION ")} ${order}`,
  ...selections.flatMap(([, ...parameters]) => parameters),
];

/** Returns a selection of a part of an organization's members: of the same time first, so that each part is one range. */
export function membersByCreation(
  dialect: Dialect,
  environmentUid: EnvironmentUid,
  organizationUid: OrganizationUid,
  { beyond, isBackwards, limit }: Walk<MembershipPlace>,
): Selection {
  const [further, direction] = isBackwards ? ["<", " DESC"] : [">", ""];
  const order = `ORDER BY create_time${direction}, user_id${direction} LIMIT ${limit}`;
  const members = (and: string, ...parameters: (string | number)[]): Selection => [
    `SELECT DISTINCT organization_uid, user_id, create_time FROM role_assignments` +
      `${dialect.byIndex("role_assignments_created")} WHERE environment_uid = ? AND organization_uid = ?${and} ${order}`,
    environmentUid,
    organizationUid,
    ...parameters,
  ];
  if (!beyond) return members("");
  return joined(order, [
    members(` AND create_time = ? AND user_id ${further} ?`, beyond.createTime, beyond.userId),
    members(` AND create_time ${further} ?`, beyond.createTime),
  ]);
}

/** Compares members by their beginnings, and those of one time by their ids. */
export const byCreation = (one: Membership, other: Membership): number =>
  one.createTime - other.createTime || (one.userId < other.userId ? -1 : 1);
