import { refuse } from "../../domain/errors";
import type { EventId } from "../../domain/ids";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type Scope, parseScope } from "../request/scope";
import type { EventFilter } from "./event-filter";
import type { DeliveredEvent, OpenSequence, ReadRange } from "./event-log";

export interface ListEventsById extends Scope {
  readonly accepts: NonNullable<EventFilter["accepts"]>;
  readonly sinceTime?: Date | undefined;
  readonly untilTime?: Date | undefined;
  /** The id of an event, or a resume token: the page follows it in the order of the list. */
  readonly after?: string | undefined;
  readonly newestFirst: boolean;
  readonly limit: number;
}

export interface EventsById {
  readonly events: readonly DeliveredEvent[];
  /** The id or the token that the next page follows; undefined if there are no more events now. */
  readonly next: string | undefined;
}

const eventIdPattern = /^evt_[0-9A-Z]{26}$/;

/** Pages without a selected event that one call skips: a client that stops at an empty page shall not stop too early. */
const mostLooks = 20;

/**
 * Returns a page of the events of an environment for clients that remember the id of the last event. Throws
 * RESUME_TOKEN_INVALID for an event that is not there (any more), RESUME_TOKEN_EXPIRED and ENVIRONMENT_NOT_FOUND.
 */
export async function listEventsById(
  { eventLog }: Dependencies,
  request: ListEventsById,
  { organizations, signal }: Call,
): Promise<EventsById> {
  const fields = new Fields();
  const { scope } = fields.check({ scope: parseScope(fields, request) });

  const { environmentId, organizationId } = scope;
  const { after, newestFirst, accepts, limit: pageSize } = request;
  const since = request.sinceTime?.getTime();
  const filter = { organizationId, organizations, accepts, since, until: request.untilTime?.getTime() };
  const isId = after !== undefined && eventIdPattern.test(after);
  const sequence = await eventLog.open(environmentId, isId ? undefined : after, { newestFirst });
  let place = isId ? await eventLog.positionOf(sequence, after as EventId) : sequence.start;
  if (isId && place === undefined) throw refuse.resumeTokenInvalid();

  for (let looks = 1; ; looks += 1) {
    signal.throwIfAborted();
    const { events, lookedTo, hasMore } = await eventLog.read(
      sequence,
      filter,
      rangeOf(sequence, place, newestFirst, pageSize),
    );
    const isWhole = !hasMore || lookedTo === undefined;
    if (events.length || isWhole || looks === mostLooks) {
      const tokens = await eventLog.resumeTokens();
      const lookedToToken =
        lookedTo === undefined ? "" : tokens.encode(environmentId, { uid: sequence.uid, position: lookedTo });
      return { events, next: isWhole ? undefined : (events.at(-1)?.id ?? lookedToToken) };
    }
    place = lookedTo;
  }
}

const rangeOf = (
  { end, lastPosition }: OpenSequence,
  place: number | undefined,
  newestFirst: boolean,
  pageSize: number,
): ReadRange =>
  newestFirst ? { before: place ?? (end ?? lastPosition) + 1, pageSize } : { after: place ?? 0, pageSize };
