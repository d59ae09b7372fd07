import { type EntityManager, In } from "typeorm";
import type { OrganizationId } from "../../domain/fields";
import type { EnvironmentUid, RoleId } from "../../domain/ids";
import type { Organization, OwnConfig } from "../../domain/role-config";
import type { OrganizationStore } from "../../domain/stores";
import { table } from "../entities";

export class TypeormOrganizationStore implements OrganizationStore {
  private readonly rows;

  constructor(manager: EntityManager) {
    this.rows = table(manager, "organizations");
  }

  async get(environmentUid: EnvironmentUid, id: OrganizationId): Promise<Organization | undefined> {
    const row = await this.rows.findOneBy({ environmentUid, id });
    if (!row) return undefined;
    const { revision, ownSinceRevision, defaultRoleId, roleOrder } = row;
    if (defaultRoleId === "") return { id, revision };
    return { id, revision, own: { defaultRoleId, order: roleOrder, sinceRevision: ownSinceRevision } };
  }

  async touch(environmentUid: EnvironmentUid, id: OrganizationId): Promise<boolean> {
    return (await this.rows.increment({ environmentUid, id }, "revision", 1)).affected === 1;
  }

  async insert(environmentUid: EnvironmentUid, id: OrganizationId): Promise<void> {
    await this.rows.insert({
      environmentUid,
      id,
      revision: 1,
      ownSinceRevision: 0,
      defaultRoleId: "",
      roleOrder: [],
    });
  }

  async saveOwn(environmentUid: EnvironmentUid, id: OrganizationId, own: OwnConfig): Promise<void> {
    const { defaultRoleId, order, sinceRevision } = own;
    await this.rows.update(
      { environmentUid, id },
      { defaultRoleId, roleOrder: [...order], ownSinceRevision: sinceRevision },
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

  async remove(environmentUid: EnvironmentUid, id: OrganizationId): Promise<void> {
    await this.rows.delete({ environmentUid, id });
  }
}
