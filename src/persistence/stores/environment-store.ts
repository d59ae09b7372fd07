import { type EntityManager, MoreThan } from "typeorm";
import type { EnvironmentId } from "../../domain/fields";
import type { EnvironmentUid } from "../../domain/ids";
import type { Collapse, Environment } from "../../domain/state";
import type { EnvironmentStore } from "../../domain/stores";
import { orKeyTaken } from "../driver-errors";
import { table } from "../entities";
import type { EnvironmentRow } from "../entities/environment";

const toEnvironment = ({ roleOrder, ...row }: EnvironmentRow): Environment => ({ ...row, order: roleOrder });

export class TypeormEnvironmentStore implements EnvironmentStore {
  private readonly rows;
  private readonly anchors;

  constructor(private readonly manager: EntityManager) {
    this.rows = table(manager, "environments");
    this.anchors = table(manager, "environment_anchors");
  }

  async find(id: EnvironmentId): Promise<Environment | undefined> {
    const row = await this.rows.findOneBy({ id });
    return row ? toEnvironment(row) : undefined;
  }

  async get(uid: EnvironmentUid): Promise<Environment | undefined> {
    const row = await this.rows.findOneBy({ uid });
    return row ? toEnvironment(row) : undefined;
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
