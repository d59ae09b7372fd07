import { In } from "typeorm";
import type { OrganizationStore, OrganizationSummary } from "../../application/ports/organization-store";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { Organization, OwnConfig } from "../../domain/organization";
import type { OrganizationId, UserId } from "../../domain/values";
import { Conflict } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import { deletionMarkerTable } from "../entities/housekeeping";
import { organizationTable } from "../entities/organization";
import type { RowOf } from "../entities/table";
import { andBeginsWith, hasRow, placeholders } from "./conditions";

/** Plain SQL, because every write to an organization reads its row and a repository takes three times as long. */
const selection = organizationTable.selection(["environmentUid"]);
const inEnvironment = "organizations WHERE environment_uid = ? AND ";

function toOrganization({ defaultRoleId, roleOrder, ...organization }: RowOf<typeof selection>): Organization {
  return defaultRoleId === "" ? organization : { own: { defaultRoleId, order: roleOrder }, ...organization };
}

/** Returns a condition for rows of organizations: the organization has not been removed. */
export const notRemoved = (alias: string) =>
  "NOT EXISTS (SELECT 1 FROM purges WHERE kind = 'organization'" +
  ` AND purges.environment_uid = ${alias}.environment_uid AND subject_id = ${alias}.organization_uid)`;

/** Returns a condition that an organization has a row in a table of its members or groups. */
const hasRowIn = (table: string, condition = "") =>
  hasRow(
    `${table} WHERE ${table}.environment_uid = organizations.environment_uid` +
      ` AND ${table}.organization_uid = organizations.uid${condition}`,
  );

export class TypeormOrganizationStore implements OrganizationStore {
  constructor(private readonly session: Session) {}

  private get rows() {
    return this.session.table("organizations");
  }

  async find(environmentUid: EnvironmentUid, ids: readonly OrganizationId[]): Promise<Organization[]> {
    if (!ids.length) return [];
    return this.read(`id IN (${placeholders(ids)}) ORDER BY id`, environmentUid, ids);
  }

  async findByUid(environmentUid: EnvironmentUid, uids: readonly OrganizationUid[]): Promise<Organization[]> {
    if (!uids.length) return [];
    return this.read(`uid IN (${placeholders(uids)})`, environmentUid, uids);
  }

  async list(environmentUid: EnvironmentUid, after: string, limit: number): Promise<Organization[]> {
    return this.read("id > ? ORDER BY id LIMIT ?", environmentUid, [after, limit]);
  }

  async listSummaries(
    environmentUid: EnvironmentUid,
    {
      after,
      limit,
      prefix,
      ids,
    }: { after: string; limit: number; prefix: string; ids?: readonly OrganizationId[] | undefined },
  ): Promise<OrganizationSummary[]> {
    if (ids?.length === 0) return [];
    const [beginsWith, ...bounds] = andBeginsWith("id", prefix);
    const rows = await this.session.query<{ id: OrganizationId; uid: OrganizationUid; inherits: number }>(
      "SELECT id, uid, default_role_id = '' AS inherits FROM organizations" +
        `${this.session.dialect.byPrimaryKey} WHERE environment_uid = ? AND id > ?${beginsWith}` +
        `${ids ? ` AND id IN (${placeholders(ids)})` : ""} ORDER BY id LIMIT ${limit}`,
      [environmentUid, after, ...bounds, ...(ids ?? [])],
    );
    return rows.map(({ id, uid, inherits }) => ({ id, uid, inheritsEnvironment: Boolean(inherits) }));
  }

  listOfUser(environmentUid: EnvironmentUid, userId: UserId, after: string, limit: number): Promise<OrganizationId[]> {
    return this.walkOfUser(environmentUid, userId, "organizations.id > ? ORDER BY organizations.id", [after], limit);
  }

  listOfUserBackwards(
    environmentUid: EnvironmentUid,
    userId: UserId,
    before: string | undefined,
    limit: number,
  ): Promise<OrganizationId[]> {
    const condition = before === undefined ? "1 = 1" : "organizations.id < ?";
    const order = `${condition} ORDER BY organizations.id DESC`;
    return this.walkOfUser(environmentUid, userId, order, before === undefined ? [] : [before], limit);
  }

  private async walkOfUser(
    environmentUid: EnvironmentUid,
    userId: UserId,
    order: string,
    bounds: readonly string[],
    limit: number,
  ): Promise<OrganizationId[]> {
    const rows = await this.session.query<{ id: OrganizationId }>(
      "SELECT organizations.id AS id FROM (SELECT DISTINCT organization_uid FROM role_assignments" +
        this.session.dialect.byIndex("role_assignments_user") +
        " WHERE environment_uid = ? AND user_id = ?) member CROSS JOIN organizations" +
        " ON organizations.environment_uid = ? AND organizations.uid = member.organization_uid" +
        ` WHERE ${order} LIMIT ${limit}`,
      [environmentUid, userId, environmentUid, ...bounds],
    );
    return rows.map(({ id }) => id);
  }

  async withMembersOrGroups(
    environmentUid: EnvironmentUid,
    uids: readonly OrganizationUid[],
    without: readonly RoleId[],
  ): Promise<OrganizationUid[]> {
    if (!uids.length) return [];
    const live = without.length ? ` AND role_id NOT IN (${placeholders(without)})` : "";
    const rows = await this.session.query<{ uid: OrganizationUid }>(
      `SELECT uid FROM ${inEnvironment}uid IN (${placeholders(uids)})` +
        ` AND (${hasRowIn("role_assignments")} OR ${hasRowIn("group_roles", live)})`,
      [environmentUid, ...uids, ...without],
    );
    return rows.map(({ uid }) => uid);
  }

  private async read(
    condition: string,
    environmentUid: EnvironmentUid,
    values: readonly (string | number)[],
  ): Promise<Organization[]> {
    const rows = await this.session.select(selection, inEnvironment + condition, [environmentUid, ...values]);
    return rows.map(toOrganization);
  }

  async lock(environmentUid: EnvironmentUid, ids: readonly OrganizationId[]): Promise<Organization[]> {
    if (!ids.length) return [];
    const affected = await this.session.affected(
      `UPDATE organizations SET revision = revision + 1 WHERE environment_uid = ? AND id IN (${placeholders(ids)})`,
      [environmentUid, ...ids],
    );
    const found = await this.find(environmentUid, ids);
    if (found.length !== affected) throw new Conflict("an organization was created before it could be locked");
    return found;
  }

  async insert(
    environmentUid: EnvironmentUid,
    organizations: readonly Pick<Organization, "id" | "uid">[],
  ): Promise<void> {
    const first = { environmentUid, revision: 1, defaultRoleId: "", roleOrder: [] } as const;
    await this.session.insert(
      organizationTable,
      organizations.map(({ id, uid }) => ({ id, uid, ...first })),
    );
  }

  async setRevision(environmentUid: EnvironmentUid, id: OrganizationId, revision: number): Promise<void> {
    await this.rows.update({ environmentUid, id }, { revision });
  }

  async saveOwn(environmentUid: EnvironmentUid, id: OrganizationId, own: OwnConfig | undefined): Promise<void> {
    const { defaultRoleId = "", order = [] } = own ?? {};
    await this.session.query(
      "UPDATE organizations SET default_role_id = ?, role_order = ? WHERE environment_uid = ? AND id = ?",
      [defaultRoleId, organizationTable.encode("roleOrder", order), environmentUid, id],
    );
  }

  countByDefault(environmentUid: EnvironmentUid, defaultRoleIds: readonly RoleId[]): Promise<number> {
    return this.rows.countBy({ environmentUid, defaultRoleId: In(defaultRoleIds) });
  }

  async listByDefault(
    environmentUid: EnvironmentUid,
    defaultRoleIds: readonly RoleId[],
    limit: number,
  ): Promise<OrganizationId[]> {
    const rows = await this.rows.find({
      select: { environmentUid: true, id: true },
      where: { environmentUid, defaultRoleId: In(defaultRoleIds) },
      order: { id: "ASC" },
      take: limit,
    });
    return rows.map(({ id }) => id);
  }

  count(environmentUid: EnvironmentUid): Promise<number> {
    return this.rows.countBy({ environmentUid });
  }

  async remove(
    environmentUid: EnvironmentUid,
    { id, uid }: Pick<Organization, "id" | "uid">,
    time: number,
  ): Promise<void> {
    await this.rows.delete({ environmentUid, id });
    await this.session.insert(deletionMarkerTable, [
      { kind: "organization", environmentUid, subjectId: uid, deleteTime: time },
    ]);
  }
}
