import { refuse } from "../../domain/errors";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { StreamingCall } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import { type EventFilter, parseTypes } from "./event-filter";
import type { EventTail } from "./event-hub";
import type { ResumeTokens } from "./resume-token";
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
  const tokens = await eventLog.resumeTokens();
  const tail = sequence.end === undefined ? eventHub.follow(sequence) : undefined;
  const watch: Watch = { eventLog, sequence, tokens, filter, tail, signal, position: first, due: 0, next: "look" };
  try {
    // a variable would keep the events of a message until the next one is asked for
    for (;;) yield await nextMessage(watch);
  } finally {
    tail?.close();
  }
}

const startRule = "must be one of after, from_now: true and from_beginning: true";
const fieldOf = { after: "after", fromNow: "from_now", fromBeginning: "from_beginning" } as const;

/** The state of a watch between two messages. */
interface Watch {
  readonly eventLog: EventLog;
  readonly sequence: OpenSequence;
  readonly tokens: ResumeTokens;
  readonly filter: EventFilter;
  /** Undefined for the sequence of an environment that was deleted before the watch began. */
  readonly tail: EventTail | undefined;
  readonly signal: AbortSignal;
  /** The position after which the next look begins. */
  position: number;
  /** The time of the next message, if there are no events before. */
  due: number;
  /** The step before the next message. */
  next: "look" | "wait" | "end";
}

/** Returns the next message, when there are events or it is due. */
async function nextMessage(watch: Watch): Promise<WatchMessage> {
  const { sequence, tokens, tail, signal } = watch;
  const { environmentId, uid } = sequence;
  for (;;) {
    signal.throwIfAborted();
    if (watch.next === "end") throw refuse.environmentNotFound(environmentId);
    if (watch.next === "wait" && tail && tail.position <= watch.position)
      await tail.wait(Math.max(0, watch.due - performance.now()), signal);
    signal.throwIfAborted();
    const events = await look(watch);
    if (!events.length && performance.now() < watch.due) continue;
    watch.due = performance.now() + heartbeat;
    return { events, resumeToken: tokens.encode(environmentId, { uid, position: watch.position }) };
  }
}

/** Returns the events after the position, as many as a message has, and moves the position. */
async function look(watch: Watch): Promise<readonly DeliveredEvent[]> {
  const { eventLog, sequence, filter, tail, position } = watch;
  const known = tail?.position ?? position;
  const recent = tail?.after(position);
  const page: EventPage = recent
    ? selectEvents(recent, filter, messageSize)
    : await eventLog.readMessage(sequence, filter, position, messageSize);
  watch.position = Math.max(position, page.lookedTo ?? 0, page.hasMore || recent ? 0 : known);
  const isOver = !page.hasMore && (!tail || watch.position >= tail.end);
  watch.next = page.isEnd || isOver ? "end" : page.hasMore ? "look" : "wait";
  return page.events;
}
