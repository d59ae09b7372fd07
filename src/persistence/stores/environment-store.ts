import { type EntityManager, MoreThan } from "typeorm";
import type { EnvironmentId } from "../../domain/fields";
import type { EnvironmentUid } from "../../domain/ids";
import type { Collapse, Environment } from "../../domain/state";
import type { EnvironmentStore } from "../../domain/stores";
import { orKeyTaken } from "../driver-errors";
import { table } from "../entities";
import { toIds } from "../entities/columns";
import type { EnvironmentRow } from "../entities/environment";

const toEnvironment = ({ roleOrder, ...row }: EnvironmentRow): Environment => ({ ...row, order: roleOrder });

/** As the driver reads it. */
type RawEnvironment = Pick<EnvironmentRow, "uid" | "id" | "displayName" | "defaultRoleId"> &
  Record<"multipleRolesEnabled" | "revision" | "createTime" | "updateTime", number | string> & {
    readonly roleOrder: string;
  };

/** Every write reads its environment: by SQL, because a repository takes three times as long. */
const select =
  "SELECT uid, id, display_name AS displayName, multiple_roles_enabled AS multipleRolesEnabled," +
  " default_role_id AS defaultRoleId, role_order AS roleOrder, revision, create_time AS createTime," +
  " update_time AS updateTime FROM environments WHERE ";

export class TypeormEnvironmentStore implements EnvironmentStore {
  private readonly rows;
  private readonly anchors;

  constructor(private readonly manager: EntityManager) {
    this.rows = table(manager, "environments");
    this.anchors = table(manager, "environment_anchors");
  }

  async find(id: EnvironmentId): Promise<Environment | undefined> {
    return this.read("id = ?", id);
  }

  async get(uid: EnvironmentUid): Promise<Environment | undefined> {
    return this.read("uid = ?", uid);
  }

  private async read(condition: string, value: string): Promise<Environment | undefined> {
    const [row]: RawEnvironment[] = await this.manager.query(select + condition, [value]);
    if (!row) return undefined;
    const { multipleRolesEnabled, revision, createTime, updateTime, roleOrder } = row;
    return {
      uid: row.uid,
      id: row.id,
      displayName: row.displayName,
      multipleRolesEnabled: Number(multipleRolesEnabled) === 1,
      createTime: Number(createTime),
      updateTime: Number(updateTime),
      revision: Number(revision),
      defaultRoleId: row.defaultRoleId,
      order: toIds(roleOrder),
    };
  }

  async list(after: string, limit: number): Promise<Environment[]> {
    const rows = await this.rows.find({
      where: { id: MoreThan(after as EnvironmentId) },
      order: { id: "ASC" },
      take: limit,
    });
    return rows.map(toEnvironment);
  }

  async touch(uid: EnvironmentUid): Promise<boolean> {
    return (await this.rows.increment({ uid }, "revision", 1)).affected === 1;
  }

  async insert({ order, ...environment }: Environment): Promise<void> {
    await orKeyTaken("environment", this.rows.insert({ ...environment, roleOrder: [...order] }));
    await this.anchors.insert({ environmentUid: environment.uid, closings: 0 });
    await table(this.manager, "successions").insert({
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

  async lockSuccession(environmentUid: EnvironmentUid): Promise<void> {
    await table(this.manager, "successions").increment({ environmentUid }, "touches", 1);
  }

  async collapses(environmentUid: EnvironmentUid): Promise<Collapse[]> {
    const rows = await table(this.manager, "role_collapses").find({
      where: { environmentUid },
      order: { revision: "ASC" },
    });
    return rows.map(({ revision, roleOrder, createTime }) => ({ revision, order: roleOrder, createTime }));
  }

  async insertCollapse(environmentUid: EnvironmentUid, { order, ...collapse }: Collapse): Promise<void> {
    await table(this.manager, "role_collapses").insert({ environmentUid, ...collapse, roleOrder: [...order] });
  }

  async removeCollapse(environmentUid: EnvironmentUid, revision: number): Promise<void> {
    await table(this.manager, "role_collapses").delete({ environmentUid, revision });
  }

  async requestSweep(environmentUid: EnvironmentUid): Promise<void> {
    await table(this.manager, "successions").update({ environmentUid }, { sweepRequested: true });
  }

  async endSweep(environmentUid: EnvironmentUid): Promise<void> {
    await table(this.manager, "successions").update({ environmentUid }, { sweepRequested: false });
  }

  async sweepRequests(): Promise<{ uid: EnvironmentUid; touches: number }[]> {
    const rows = await table(this.manager, "successions").findBy({ sweepRequested: true });
    return rows.map(({ environmentUid, touches }) => ({ uid: environmentUid, touches }));
  }

  async closeToNewOrganizations(uid: EnvironmentUid): Promise<void> {
    await this.anchors.increment({ environmentUid: uid }, "closings", 1);
  }

  async remove(uid: EnvironmentUid, time: number): Promise<void> {
    await this.rows.delete({ uid });
    await table(this.manager, "purges").insert({
      kind: "environment",
      environmentUid: uid,
      subjectId: "",
      deleteTime: time,
    });
  }
}
