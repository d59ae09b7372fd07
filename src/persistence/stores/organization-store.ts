import { In } from "typeorm";
import type { OrganizationStore } from "../../application/ports/organization-store";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { Organization, OwnConfig } from "../../domain/organization";
import type { OrganizationId } from "../../domain/values";
import { Conflict } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import { fromIds, toIds } from "../entities/columns";
import type { OrganizationRow } from "../entities/organization";
import { insertion, placeholders } from "./conditions";

/** As the driver reads it. */
type RawOrganization = Pick<OrganizationRow, "uid" | "id" | "revision" | "defaultRoleId"> & {
  readonly roleOrder: string;
};

function toOrganization({ uid, id, revision, defaultRoleId, roleOrder }: RawOrganization): Organization {
  return {
    uid,
    id,
    revision,
    ...(defaultRoleId !== "" && { own: { defaultRoleId, order: toIds(roleOrder) } }),
  };
}

/** Every write to an organization locks and reads it: by SQL, because a repository takes three times as long. */
const select =
  "SELECT uid, id, revision, default_role_id AS defaultRoleId, role_order AS roleOrder FROM organizations" +
  " WHERE environment_uid = ? AND ";

/** A condition for rows that belong to an organization: it has not been removed. */
export const notRemoved = (alias: string) =>
  "NOT EXISTS (SELECT 1 FROM purges WHERE kind = 'organization'" +
  ` AND purges.environment_uid = ${alias}.environment_uid AND subject_id = ${alias}.organization_uid)`;

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

  private async read(
    condition: string,
    environmentUid: EnvironmentUid,
    values: readonly (string | number)[],
  ): Promise<Organization[]> {
    const rows: RawOrganization[] = await this.session.query(select + condition, [environmentUid, ...values]);
    return rows.map(toOrganization);
  }

  async lock(environmentUid: EnvironmentUid, ids: readonly OrganizationId[]): Promise<Organization[]> {
    if (!ids.length) return [];
    const affected = await this.session.affected(
      `UPDATE organizations SET revision = revision + 1 WHERE environment_uid = ? AND id IN (${placeholders(ids)})`,
      [environmentUid, ...ids],
    );
    const found = await this.find(environmentUid, ids);
    if (found.length !== affected) throw new Conflict("an organization came into being before it could be locked");
    return found;
  }

  async insert(
    environmentUid: EnvironmentUid,
    organizations: readonly Pick<Organization, "id" | "uid">[],
  ): Promise<void> {
    const rows = organizations.map(({ id, uid }) => [environmentUid, id, uid, 1, "", fromIds([])]);
    const columns = "environment_uid, id, uid, revision, default_role_id, role_order";
    await this.session.query(insertion("organizations", columns, rows), rows.flat());
  }

  async saveOwn(environmentUid: EnvironmentUid, id: OrganizationId, own: OwnConfig | undefined): Promise<void> {
    const { defaultRoleId = "", order = [] } = own ?? {};
    await this.session.query(
      "UPDATE organizations SET default_role_id = ?, role_order = ? WHERE environment_uid = ? AND id = ?",
      [defaultRoleId, fromIds(order), environmentUid, id],
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
    await this.session.table("purges").insert({
      kind: "organization",
      environmentUid,
      subjectId: uid,
      deleteTime: time,
    });
  }
}
