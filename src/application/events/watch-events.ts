import { refuse } from "../../domain/errors";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { StreamingCall } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { type EventFilter, parseTypes } from "./event-filter";
import type { EventHub } from "./event-hub";
import { type DeliveredEvent, type EventLog, type EventPage, type OpenSequence, selectEvents } from "./event-log";

/** Where a watch begins. */
export type WatchStart =
  | { readonly $case: "after"; readonly value: string }
  | { readonly $case: "fromNow" | "fromBeginning"; readonly value: boolean };

export interface WatchEvents extends Scope {
  readonly types: readonly string[];
  readonly start?: WatchStart | undefined;
}

export interface WatchMessage {
  readonly events: readonly DeliveredEvent[];
  readonly resumeToken: string;
}

/** Milliseconds after which a message without events is sent. */
const heartbeat = 9000;

/** Events of one message. */
const messageSize = 100;

/**
 * Delivers the events of an environment from a place on. Yields the first message at once. A consumer that takes its time
 * gets the next message later, and costs no memory meanwhile. Throws RESUME_TOKEN_INVALID, RESUME_TOKEN_EXPIRED, and
 * ENVIRONMENT_NOT_FOUND also after the event of the deletion of the environment.
 */
export async function* watchEvents(
  { eventLog, eventHub }: Dependencies,
  request: WatchEvents,
  { organizations, signal }: StreamingCall,
): AsyncGenerator<WatchMessage, void, void> {
  const fields = new Fields();
  const { start } = request;
  if (!start?.value) fields.refuse(start ? fieldOf[start.$case] : "start", startRule);
  const { scope, types } = fields.check({
    scope: parseScope(fields, request),
    types: parseTypes(fields, request.types),
  });
  const { environmentId, organizationId } = scope;
  const filter: EventFilter = { organizationId, organizations, types };
  const sequence = await eventLog.open(environmentId, start?.$case === "after" ? start.value : undefined);
  const first = start?.$case === "fromNow" ? sequence.lastPosition : (sequence.start ?? 0);
  yield* deliver(eventLog, eventHub, { sequence, filter, first, signal });
}

const startRule = "must be one of after, from_now: true and from_beginning: true";
const fieldOf = { after: "after", fromNow: "from_now", fromBeginning: "from_beginning" } as const;

interface Delivery {
  readonly sequence: OpenSequence;
  readonly filter: EventFilter;
  /** Events after this position are delivered. */
  readonly first: number;
  readonly signal: AbortSignal;
}

async function* deliver(
  log: EventLog,
  hub: EventHub,
  { sequence, filter, first, signal }: Delivery,
): AsyncGenerator<WatchMessage, void, void> {
  const { environmentId, uid } = sequence;
  const tokens = await log.resumeTokens();
  const tail = sequence.end === undefined ? hub.follow(sequence) : undefined;
  try {
    let position = first;
    let due = 0; // the first message
    for (;;) {
      const known = tail?.position ?? position;
      const recent = tail?.after(position);
      const page: EventPage = recent
        ? selectEvents(recent, filter, messageSize)
        : await log.read(sequence, filter, { after: position, pageSize: messageSize, isMessage: true });
      position = Math.max(position, page.lookedTo ?? 0, page.hasMore || recent ? 0 : known);
      if (page.events.length || performance.now() >= due) {
        yield { events: page.events, resumeToken: tokens.encode(environmentId, { uid, position }) };
        due = performance.now() + heartbeat;
      }
      signal.throwIfAborted();
      const isOver = !page.hasMore && (!tail || position >= tail.end);
      if (page.isEnd || isOver) throw refuse.environmentNotFound(environmentId);
      if (!page.hasMore && tail && tail.position <= position)
        await tail.wait(Math.max(0, due - performance.now()), signal);
      signal.throwIfAborted();
    }
  } finally {
    tail?.close();
  }
}
