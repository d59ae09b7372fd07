import { type EntityManager, MoreThan } from "typeorm";
import type { EnvironmentId } from "../../domain/fields";
import type { EnvironmentUid } from "../../domain/ids";
import type { Environment } from "../../domain/role-config";
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
  }

  async update(
    uid: EnvironmentUid,
    { order, ...changes }: Partial<Omit<Environment, "uid" | "id" | "revision">>,
  ): Promise<void> {
    await this.rows.update({ uid }, { ...changes, ...(order && { roleOrder: [...order] }) });
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
