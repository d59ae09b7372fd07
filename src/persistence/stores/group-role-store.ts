import { In, MoreThan, Not } from "typeorm";
import type { GroupRoleStore } from "../../application/ports/group-role-store";
import type { GroupRole } from "../../domain/group-role";
import type { EnvironmentUid, OrganizationUid, RoleId } from "../../domain/ids";
import type { GroupId } from "../../domain/values";
import type { Session } from "../connection/session";
import { type GroupRoleRow, groupRoleTable } from "../entities/membership";
import { notRemoved } from "./organization-store";

const toGroupRole = ({ environmentUid: _, organizationUid: __, ...groupRole }: GroupRoleRow): GroupRole => groupRole;

export class TypeormGroupRoleStore implements GroupRoleStore {
  constructor(private readonly session: Session) {}

  private get rows() {
    return this.session.table("group_roles");
  }

  async find(
    environmentUid: EnvironmentUid,
    organizationUid: OrganizationUid,
    groupIds: readonly GroupId[],
  ): Promise<GroupRole[]> {
    if (!groupIds.length) return [];
    return (await this.rows.findBy({ environmentUid, organizationUid, groupId: In(groupIds) })).map(toGroupRole);
  }

  async list(
    environmentUid: EnvironmentUid,
    organizationUid: OrganizationUid,
    { after, limit, without }: { after: string; limit: number; without: readonly RoleId[] },
  ): Promise<GroupRole[]> {
    const rows = await this.rows.find({
      where: {
        environmentUid,
        organizationUid,
        groupId: MoreThan(after as GroupId),
        ...(without.length && { roleId: Not(In(without)) }),
      },
      order: { groupId: "ASC" },
      take: limit,
    });
    return rows.map(toGroupRole);
  }

  countAll(
    environmentUid: EnvironmentUid,
    organizationUid: OrganizationUid,
    without: readonly RoleId[],
  ): Promise<number> {
    const live = without.length ? { roleId: Not(In(without)) } : {};
    return this.rows.countBy({ environmentUid, organizationUid, ...live });
  }

  count(environmentUid: EnvironmentUid, organizationUid: OrganizationUid, roleIds: readonly RoleId[]): Promise<number> {
    return this.rows.countBy({ environmentUid, organizationUid, roleId: In(roleIds) });
  }

  async mappedTo(
    environmentUid: EnvironmentUid,
    roleIds: readonly RoleId[],
    limit: number,
    organizations?: readonly OrganizationUid[],
  ): Promise<(GroupRole & { organizationUid: OrganizationUid })[]> {
    if (!roleIds.length) return [];
    const mapped = this.rows
      .createQueryBuilder("mapped")
      .where({ environmentUid, roleId: In(roleIds), ...(organizations && { organizationUid: In(organizations) }) })
      .andWhere(notRemoved("mapped"))
      .limit(limit);
    return (await mapped.getMany()).map((row) => ({ ...toGroupRole(row), organizationUid: row.organizationUid }));
  }

  async put(environmentUid: EnvironmentUid, organizationUid: OrganizationUid, groupRole: GroupRole): Promise<void> {
    await this.remove(environmentUid, organizationUid, groupRole.groupId);
    await this.session.insert(groupRoleTable, [{ environmentUid, organizationUid, ...groupRole }]);
  }

  async remove(environmentUid: EnvironmentUid, organizationUid: OrganizationUid, groupId: GroupId): Promise<boolean> {
    return (await this.rows.delete({ environmentUid, organizationUid, groupId })).affected === 1;
  }
}
