import type { EventStore, NewEvent } from "../../application/ports/event-store";
import type { EnvironmentUid } from "../../domain/ids";
import type { OrganizationId, UserId } from "../../domain/values";
import { Slice } from "../../event-loop/time-slices";
import type { Session } from "../connection/session";
import { eventTable } from "../entities/event";
import type { RowOf } from "../entities/table";
import { toMeasuredText } from "./compact-text";
import { placeholders } from "./conditions";

/** Characters of one INSERT: far below what a server accepts in one packet, when each of them is two digits. */
const charactersPerInsert = 1024 * 1024;

/** Organizations of one statement: SQLite joins at most 500 SELECTs. */
const organizationsAtOnce = 200;

type Row = RowOf<typeof eventTable>;

export class SqlEventStore implements EventStore {
  constructor(private readonly session: Session) {}

  async append(events: readonly NewEvent[]): Promise<void> {
    let rows: Row[] = [];
    let characters = 0;
    const flush = async () => {
      if (rows.length) await this.session.insert(eventTable, rows);
      rows = [];
      characters = 0;
    };
    const slice = new Slice();
    for (const event of events) {
      const ended = slice.endAfterPiece();
      if (ended) await ended;
      const row = await toRow(event);
      if (characters + row.content.length > charactersPerInsert || rows.length === this.session.dialect.rowsPerInsert)
        await flush();
      rows.push(row);
      characters += row.content.length;
    }
    await flush();
  }

  async latestRevisions(
    environmentUid: EnvironmentUid,
    organizationIds: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, number>> {
    const found = new Map<OrganizationId, number>();
    if (!organizationIds.length) return found;
    const some = `organization_id IN (${placeholders(organizationIds)})`;
    const isKnown = await this.session.exists(`events WHERE environment_uid = ? AND ${some}`, [
      environmentUid,
      ...organizationIds,
    ]);
    if (!isKnown) return found; // nearly always, and this is cheap
    for (let start = 0; start < organizationIds.length; start += organizationsAtOnce) {
      const part = organizationIds.slice(start, start + organizationsAtOnce);
      const selects = part.flatMap(() => [lastOf("position = 0", "revision"), lastOf("position > 0", "position")]);
      const rows: { organizationId: OrganizationId; revision: number }[] = await this.session.query(
        selects.join(" UNION ALL "),
        part.flatMap((id) => [environmentUid, id, environmentUid, id]),
      );
      for (const { organizationId, revision } of rows)
        found.set(organizationId, Math.max(found.get(organizationId) ?? 0, revision));
    }
    return found;
  }
}

/**
 * Returns a SELECT of the last event of an organization among some of its events. Their positions and revisions have the
 * same order, so that the one with the highest position has the highest revision.
 */
const lastOf = (among: string, order: "position" | "revision") =>
  "SELECT * FROM (SELECT organization_id AS organizationId, revision AS revision FROM events" +
  ` WHERE environment_uid = ? AND organization_id = ? AND ${among} ORDER BY ${order} DESC LIMIT 1) latest`;

async function toRow({ change, ...event }: NewEvent): Promise<Row> {
  const { type, subject, content } = change;
  const { text, length } = await toMeasuredText(content);
  const member = subject === "membership" ? (content.after ?? content.before) : undefined;
  return {
    ...event,
    position: 0,
    type,
    userId: member?.userId ?? ("" satisfies UserId | ""),
    content: text,
    contentSize: length,
  };
}
