import type { EventType } from "../../domain/event";
import type { EnvironmentUid, EventId } from "../../domain/ids";
import type { OrganizationId, UserId } from "../../domain/values";
import { ascii, integer, key, longText, text } from "./columns";
import { declareTable } from "./table";

/** The records of changes. They outlive their environment. */
export const eventTable = declareTable(
  "events",
  {
    environmentUid: key(ascii<EnvironmentUid>(26)),
    id: key(ascii<EventId>(30)),
    /** The place in the sequence of the environment; 0 until the event has one. */
    position: integer(),
    /** Empty for an event of the environment. */
    organizationId: ascii<OrganizationId | "">(64),
    /** The revision of the scope that made the change: it orders the events of a scope, with `ordinal`. */
    revision: integer(),
    /** The place among the events of the transaction. */
    ordinal: integer(),
    environmentRevision: integer(),
    type: ascii<EventType>(64),
    /** The member of a membership; empty for other events. */
    userId: ascii<UserId | "">(64),
    time: integer(),
    actor: text<string>(300),
    actingUserId: ascii<UserId | "">(64),
    callId: ascii<string>(64),
    content: longText(),
    /** Characters of the content before it is compressed. */
    contentSize: integer(),
  },
  {
    indices: [
      {
        name: "events_position",
        columns: ["environmentUid", "position", "organizationId", "revision", "ordinal"],
      },
      {
        name: "events_scope",
        columns: ["environmentUid", "organizationId", "position", "revision", "ordinal"],
      },
    ],
  },
);
