import type {
  EventRange,
  EventSequence,
  EventSequenceStore,
  NumberedEvent,
  StoredEvent,
} from "../../application/ports/event-sequence-store";
import type { EventChange, EventSubject } from "../../domain/event";
import type { UnnumberedEvent } from "../../domain/event-order";
import { Fault } from "../../domain/fault";
import type { EnvironmentUid, EventId } from "../../domain/ids";
import type { OrganizationId } from "../../domain/values";
import type { Session } from "../connection/session";
import { eventTable } from "../entities/event";
import { eventErasureTable, eventSequenceTable } from "../entities/event-sequence";
import type { RowOf } from "../entities/table";
import { fromText } from "./compact-text";
import { placeholders } from "./conditions";

const noSequence: EventSequence = { lastPosition: 0, purgedPosition: 0 };

const header =
  "events.id AS id, position AS position, events.organization_id AS organizationId, type AS type," +
  " user_id AS userId, time AS time, content_size AS size";

/** A condition for events that are not erased. */
const isVisible =
  "NOT EXISTS (SELECT 1 FROM event_erasures erased WHERE erased.environment_uid = events.environment_uid" +
  " AND erased.organization_id = events.organization_id AND erased.before_revision > events.revision)";

const selection = eventTable.selection(["environmentUid", "revision", "ordinal", "userId", "contentSize"]);

export class SqlEventSequenceStore implements EventSequenceStore {
  constructor(private readonly session: Session) {}

  hasUnnumbered(environmentUid: EnvironmentUid): Promise<boolean> {
    return this.session.exists("events WHERE environment_uid = ? AND position = 0", [environmentUid]);
  }

  async lock(environmentUid: EnvironmentUid): Promise<EventSequence> {
    const touched = await this.session.affected(
      "UPDATE event_sequences SET touches = touches + 1 WHERE environment_uid = ?",
      [environmentUid],
    );
    if (touched) return this.get(environmentUid);
    await this.session.insert(eventSequenceTable, [{ environmentUid, touches: 1, ...noSequence }]);
    return noSequence;
  }

  listUnnumbered(
    environmentUid: EnvironmentUid,
    of: "environment" | { readonly organizationsFrom: string },
    limit: number,
  ): Promise<UnnumberedEvent[]> {
    const [condition, ...parameters] =
      of === "environment"
        ? (["organization_id = ''"] as const)
        : (["organization_id > '' AND organization_id >= ?", of.organizationsFrom] as const);
    return this.session.query(
      "SELECT id AS id, organization_id AS organizationId, environment_revision AS environmentRevision, time AS time" +
        " FROM events" +
        ` WHERE environment_uid = ? AND position = 0 AND ${condition}` +
        ` ORDER BY organization_id, revision, ordinal LIMIT ${limit}`,
      [environmentUid, ...parameters],
    );
  }

  async number(environmentUid: EnvironmentUid, ids: readonly EventId[], first: number): Promise<void> {
    const numbered = await this.session.affected(
      `UPDATE events SET position = CASE id${" WHEN ? THEN ?".repeat(ids.length)} ELSE position END` +
        ` WHERE environment_uid = ? AND id IN (${placeholders(ids)})`,
      [...ids.flatMap((id, index) => [id, first + index]), environmentUid, ...ids],
    );
    if (numbered !== ids.length) throw new Fault("an event to be numbered is missing");
    await this.session.affected("UPDATE event_sequences SET last_position = ? WHERE environment_uid = ?", [
      first + ids.length - 1,
      environmentUid,
    ]);
  }

  async get(environmentUid: EnvironmentUid): Promise<EventSequence> {
    const [found] = await this.session.query<EventSequence>(
      "SELECT last_position AS lastPosition, purged_position AS purgedPosition FROM event_sequences" +
        " WHERE environment_uid = ?",
      [environmentUid],
    );
    return found ?? noSequence;
  }

  async listNews(
    uids: readonly EnvironmentUid[],
  ): Promise<{ readonly uid: EnvironmentUid; readonly position: number | undefined }[]> {
    if (!uids.length) return [];
    const among = `environment_uid IN (${placeholders(uids)})`;
    const rows = await this.session.query<{ uid: EnvironmentUid; position: number }>(
      `SELECT environment_uid AS uid, last_position AS position FROM event_sequences WHERE ${among}` +
        ` UNION ALL SELECT DISTINCT environment_uid, -1 FROM events WHERE ${among} AND position = 0`,
      [...uids, ...uids],
    );
    return rows.map(({ uid, position }) => ({ uid, position: position < 0 ? undefined : position }));
  }

  list(
    environmentUid: EnvironmentUid,
    { after = 0, before, organizationId, limit }: EventRange,
  ): Promise<NumberedEvent[]> {
    const ofOrganization = organizationId === undefined ? "" : " AND organization_id = ?";
    const upTo = before === undefined ? "" : " AND position < ?";
    return this.session.query(
      `SELECT ${header} FROM events WHERE environment_uid = ?${ofOrganization} AND position > ?${upTo}` +
        ` AND ${isVisible} ORDER BY position ${before === undefined ? "ASC" : "DESC"} LIMIT ${limit}`,
      [
        environmentUid,
        ...(organizationId === undefined ? [] : [organizationId]),
        after,
        ...(before === undefined ? [] : [before]),
      ],
    );
  }

  async load(environmentUid: EnvironmentUid, ids: readonly EventId[]): Promise<StoredEvent[]> {
    if (!ids.length) return [];
    const rows = await this.session.select(
      selection,
      `events WHERE environment_uid = ? AND id IN (${placeholders(ids)})`,
      [environmentUid, ...ids],
    );
    const events: StoredEvent[] = [];
    for (const row of rows) events.push(await toEvent(row));
    return events;
  }

  async lastOwnPosition(environmentUid: EnvironmentUid): Promise<number | undefined> {
    const [last] = await this.session.query<{ position: number }>(
      "SELECT position AS position FROM events WHERE environment_uid = ? AND organization_id = '' AND position > 0" +
        " ORDER BY position DESC LIMIT 1",
      [environmentUid],
    );
    return last?.position;
  }

  async erase(environmentUid: EnvironmentUid, organizationId: OrganizationId, beforeRevision: number): Promise<void> {
    await this.session.table("event_erasures").delete({ environmentUid, organizationId });
    await this.session.insert(eventErasureTable, [{ environmentUid, organizationId, beforeRevision }]);
  }

  async nextEnvironment(after: string): Promise<EnvironmentUid | undefined> {
    const [next] = await this.session.query<{ uid: EnvironmentUid }>(
      "SELECT environment_uid AS uid FROM events WHERE environment_uid > ? ORDER BY environment_uid LIMIT 1",
      [after],
    );
    return next?.uid;
  }

  hasErased(environmentUid: EnvironmentUid): Promise<boolean> {
    return this.session.exists("event_erasures WHERE environment_uid = ?", [environmentUid]);
  }

  async deleteErased(environmentUid: EnvironmentUid, limit: number): Promise<number> {
    const erasures = await this.session.table("event_erasures").findBy({ environmentUid });
    let deleted = 0;
    for (const { organizationId, beforeRevision } of erasures) {
      const left = limit - deleted;
      const some = await this.session.query<{ id: EventId }>(
        "SELECT id AS id FROM events WHERE environment_uid = ? AND organization_id = ? AND revision < ?" +
          ` LIMIT ${left}`,
        [environmentUid, organizationId, beforeRevision],
      );
      await this.remove(
        environmentUid,
        some.map(({ id }) => id),
      );
      deleted += some.length;
      if (some.length === left) return deleted;
      await this.session.table("event_erasures").delete({ environmentUid, organizationId, beforeRevision });
    }
    return deleted;
  }

  async purge(environmentUid: EnvironmentUid, ids: readonly EventId[], lastPosition: number): Promise<void> {
    await this.remove(environmentUid, ids);
    await this.session.affected("UPDATE event_sequences SET purged_position = ? WHERE environment_uid = ?", [
      lastPosition,
      environmentUid,
    ]);
  }

  private async remove(environmentUid: EnvironmentUid, ids: readonly EventId[]): Promise<void> {
    if (!ids.length) return;
    await this.session.affected(`DELETE FROM events WHERE environment_uid = ? AND id IN (${placeholders(ids)})`, [
      environmentUid,
      ...ids,
    ]);
  }

  async secret(): Promise<string> {
    const [found] = await this.session.query<{ value: string }>("SELECT value AS value FROM secrets WHERE name = ?", [
      "resume_tokens",
    ]);
    if (!found) throw new Fault("the database has no secret for resume tokens");
    return found.value;
  }
}

async function toEvent({ type, content, ...event }: RowOf<typeof selection>): Promise<StoredEvent> {
  const subject = type.slice(0, type.indexOf(".")) as EventSubject;
  return { ...event, change: { type, subject, content: await fromText(content) } as EventChange };
}
