import type { EnvironmentStore } from "../../application/ports/environment-store";
import type { Environment, MultipleRolesDisabled } from "../../domain/environment";
import type { EnvironmentUid } from "../../domain/ids";
import type { EnvironmentId } from "../../domain/values";
import { orKeyTaken } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import {
  environmentAnchorTable,
  environmentTable,
  escalationGuardTable,
  multipleRolesDisabledTable,
  roleResolutionTable,
} from "../entities/environment";
import { deletionMarkerTable } from "../entities/housekeeping";
import type { RowOf } from "../entities/table";
import { placeholders } from "./conditions";

/** Plain SQL, because every write reads its environment and a repository takes three times as long. */
const columns = environmentTable.selection();
const selection = {
  ...columns,
  list: `${columns.list}, EXISTS (SELECT 1 FROM escalation_guards WHERE environment_uid = environments.uid) AS guards`,
};

const toEnvironment = ({
  roleOrder,
  guards,
  ...environment
}: RowOf<typeof columns> & { guards: number }): Environment => ({
  order: roleOrder,
  escalationGuardEnabled: Boolean(guards),
  ...environment,
});

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

  async findAll(ids: readonly EnvironmentId[]): Promise<Environment[]> {
    return ids.length ? this.read(`id IN (${placeholders(ids)}) ORDER BY id`, ...ids) : [];
  }

  async get(uid: EnvironmentUid): Promise<Environment | undefined> {
    return (await this.read("uid = ?", uid))[0];
  }

  list(after: string, limit: number): Promise<Environment[]> {
    return this.read(`id > ? ORDER BY id LIMIT ${limit}`, after);
  }

  private async read(condition: string, ...values: string[]): Promise<Environment[]> {
    const rows = await this.session.select<Parameters<typeof toEnvironment>[0]>(
      selection,
      `environments WHERE ${condition}`,
      values,
    );
    return rows.map(toEnvironment);
  }

  async touch(uid: EnvironmentUid): Promise<boolean> {
    return (await this.rows.increment({ uid }, "revision", 1)).affected === 1;
  }

  async insert({ order, escalationGuardEnabled, ...environment }: Environment): Promise<void> {
    const { uid: environmentUid } = environment;
    await orKeyTaken("environment", this.session.insert(environmentTable, [{ roleOrder: order, ...environment }]));
    await this.session.insert(environmentAnchorTable, [{ environmentUid, closings: 0 }]);
    await this.session.insert(roleResolutionTable, [{ environmentUid, touches: 0, sweepRequested: false }]);
    if (escalationGuardEnabled) await this.session.insert(escalationGuardTable, [{ environmentUid }]);
  }

  async update(
    uid: EnvironmentUid,
    { order, escalationGuardEnabled, ...changes }: Partial<Omit<Environment, "uid" | "id" | "revision">>,
  ): Promise<void> {
    await this.rows.update({ uid }, { ...(order && { roleOrder: order }), ...changes });
    if (escalationGuardEnabled === undefined) return;
    await this.switchGuardOff(uid);
    if (escalationGuardEnabled) await this.session.insert(escalationGuardTable, [{ environmentUid: uid }]);
  }

  private async switchGuardOff(environmentUid: EnvironmentUid): Promise<void> {
    await this.session.table("escalation_guards").delete({ environmentUid });
  }

  async lockMemberRoles(environmentUid: EnvironmentUid): Promise<void> {
    await this.session.table("successions").increment({ environmentUid }, "touches", 1);
  }

  async listMultipleRolesDisabled(environmentUid: EnvironmentUid): Promise<MultipleRolesDisabled[]> {
    const rows = await this.session.table("role_collapses").find({
      where: { environmentUid },
      order: { revision: "ASC" },
    });
    return rows.map(({ environmentUid: _, roleOrder, ...event }) => ({ order: roleOrder, ...event }));
  }

  async insertMultipleRolesDisabled(
    environmentUid: EnvironmentUid,
    { order, ...event }: MultipleRolesDisabled,
  ): Promise<void> {
    await this.session.insert(multipleRolesDisabledTable, [{ environmentUid, roleOrder: order, ...event }]);
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

  /**
   * Replaces the anchor. Nodes of a Galera cluster do not see each other's locks, only rows that both have written: there
   * the insert of an organization conflicts with a deletion of the anchor, and not with an update of it.
   */
  async closeToNewOrganizations(environmentUid: EnvironmentUid): Promise<void> {
    await this.anchors.delete({ environmentUid });
    await this.session.insert(environmentAnchorTable, [{ environmentUid, closings: 1 }]);
  }

  async remove(uid: EnvironmentUid, time: number): Promise<void> {
    await this.rows.delete({ uid });
    await this.switchGuardOff(uid);
    await this.session.insert(deletionMarkerTable, [
      { kind: "environment", environmentUid: uid, subjectId: "", deleteTime: time },
    ]);
  }
}
