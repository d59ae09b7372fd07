import type { EnvironmentStore } from "../../application/ports/environment-store";
import type { Environment, MultipleRolesDisabled } from "../../domain/environment";
import type { EnvironmentUid } from "../../domain/ids";
import type { EnvironmentId } from "../../domain/values";
import { orKeyTaken } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import { toIds } from "../entities/columns";
import type { EnvironmentRow } from "../entities/environment";

/** As the driver reads it. */
type RawEnvironment = Omit<EnvironmentRow, "multipleRolesEnabled" | "roleOrder"> & {
  readonly multipleRolesEnabled: number;
  readonly roleOrder: string;
};

/** Every write reads its environment: by SQL, because a repository takes three times as long. */
const select =
  "SELECT uid, id, display_name AS displayName, multiple_roles_enabled AS multipleRolesEnabled," +
  " default_role_id AS defaultRoleId, role_order AS roleOrder, revision, create_time AS createTime," +
  " update_time AS updateTime FROM environments WHERE ";

function toEnvironment(row: RawEnvironment): Environment {
  const { uid, id, displayName, defaultRoleId, revision, createTime, updateTime } = row;
  return {
    uid,
    id,
    displayName,
    multipleRolesEnabled: row.multipleRolesEnabled === 1,
    createTime,
    updateTime,
    revision,
    defaultRoleId,
    order: toIds(row.roleOrder),
  };
}

export class TypeormEnvironmentStore implements EnvironmentStore {
  constructor(private readonly session: Session) {}

  private get rows() {
    return this.session.table("environments");
  }

  private get anchors() {
    return this.session.table("environment_anchors");
  }

  async find(id: EnvironmentId): Promise<Environment | undefined> {
    return (await this.read("id = ?", id))[0];
  }

  async get(uid: EnvironmentUid): Promise<Environment | undefined> {
    return (await this.read("uid = ?", uid))[0];
  }

  list(after: string, limit: number): Promise<Environment[]> {
    return this.read(`id > ? ORDER BY id LIMIT ${limit}`, after);
  }

  private async read(condition: string, value: string): Promise<Environment[]> {
    const rows: RawEnvironment[] = await this.session.query(select + condition, [value]);
    return rows.map(toEnvironment);
  }

  async touch(uid: EnvironmentUid): Promise<boolean> {
    return (await this.rows.increment({ uid }, "revision", 1)).affected === 1;
  }

  async insert({ order, ...environment }: Environment): Promise<void> {
    await orKeyTaken("environment", this.rows.insert({ ...environment, roleOrder: [...order] }));
    await this.anchors.insert({ environmentUid: environment.uid, closings: 0 });
    await this.session.table("successions").insert({
      environmentUid: environment.uid,
      touches: 0,
      sweepRequested: false,
    });
  }

  async update(
    uid: EnvironmentUid,
    { order, ...changes }: Partial<Omit<Environment, "uid" | "id" | "revision">>,
  ): Promise<void> {
    await this.rows.update({ uid }, { ...changes, ...(order && { roleOrder: [...order] }) });
  }

  async lockMemberRoles(environmentUid: EnvironmentUid): Promise<void> {
    await this.session.table("successions").increment({ environmentUid }, "touches", 1);
  }

  async listMultipleRolesDisabled(environmentUid: EnvironmentUid): Promise<MultipleRolesDisabled[]> {
    const rows = await this.session.table("role_collapses").find({
      where: { environmentUid },
      order: { revision: "ASC" },
    });
    return rows.map(({ revision, roleOrder, createTime }) => ({ revision, order: roleOrder, createTime }));
  }

  async insertMultipleRolesDisabled(
    environmentUid: EnvironmentUid,
    { order, ...collapse }: MultipleRolesDisabled,
  ): Promise<void> {
    await this.session.table("role_collapses").insert({ environmentUid, ...collapse, roleOrder: [...order] });
  }

  async removeMultipleRolesDisabled(environmentUid: EnvironmentUid, revision: number): Promise<void> {
    await this.session.table("role_collapses").delete({ environmentUid, revision });
  }

  async requestRewriting(environmentUid: EnvironmentUid): Promise<void> {
    await this.session.table("successions").update({ environmentUid }, { sweepRequested: true });
  }

  async endRewriting(environmentUid: EnvironmentUid): Promise<void> {
    await this.session.table("successions").update({ environmentUid }, { sweepRequested: false });
  }

  async listRewritingRequests(): Promise<{ uid: EnvironmentUid; touches: number }[]> {
    const rows = await this.session.table("successions").findBy({ sweepRequested: true });
    return rows.map(({ environmentUid, touches }) => ({ uid: environmentUid, touches }));
  }

  async closeToNewOrganizations(uid: EnvironmentUid): Promise<void> {
    await this.anchors.increment({ environmentUid: uid }, "closings", 1);
  }

  async remove(uid: EnvironmentUid, time: number): Promise<void> {
    await this.rows.delete({ uid });
    await this.session.table("purges").insert({
      kind: "environment",
      environmentUid: uid,
      subjectId: "",
      deleteTime: time,
    });
  }
}
