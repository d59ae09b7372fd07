import { refuse } from "../../domain/errors";
import type { EventView } from "../../domain/event";
import type { EnvironmentUid } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { EnvironmentId } from "../../domain/values";
import type { NumberedEvent } from "../ports/event-sequence-store";
import type { Stores, UnitOfWork } from "../ports/unit-of-work";
import { type EventFilter, isSelected } from "./event-filter";
import type { EventNumbering } from "./event-numbering";
import { type CreateResumeTokens, type ResumeTokens, type SequencePlace, parseResumeToken } from "./resume-token";

/** An event with the token of the place after it. */
export interface DeliveredEvent extends EventView {
  readonly resumeToken: string;
}

/** A sequence at the time of a call. */
export interface OpenSequence {
  readonly environmentId: EnvironmentId;
  readonly uid: EnvironmentUid;
  /** The place from which the call reads; undefined if it named none. */
  readonly start: number | undefined;
  /** Every event up to here has its position. */
  readonly lastPosition: number;
  /** The position of the deletion of the environment, undefined while it exists. */
  readonly end: number | undefined;
}

export interface ReadRange {
  readonly after?: number;
  readonly before?: number | undefined;
  readonly pageSize: number;
}

export interface EventPage {
  readonly events: readonly DeliveredEvent[];
  /** The position of the last event that was looked at, undefined if there was none. */
  readonly lookedTo: number | undefined;
  /** Whether more events may follow. */
  readonly hasMore: boolean;
}

/** Reads the sequences of events. */
export class EventLog {
  private tokens: Promise<ResumeTokens> | undefined;

  constructor(
    private readonly units: UnitOfWork,
    readonly numbering: EventNumbering,
    private readonly createTokens: CreateResumeTokens,
  ) {}

  /** Forgets the secret of the tokens: the database may have been replaced by another one. */
  clear(): void {
    this.tokens = undefined;
  }

  async resumeTokens(): Promise<ResumeTokens> {
    this.tokens ??= this.units.lookup(async ({ sequences }) => this.createTokens(await sequences.secret()));
    try {
      return await this.tokens;
    } catch (error) {
      this.tokens = undefined;
      throw error;
    }
  }

  /**
   * Numbers the events of every change acknowledged before, and returns the sequence of an environment: that of the
   * token, also if its environment has been deleted. Throws ENVIRONMENT_NOT_FOUND, RESUME_TOKEN_INVALID and
   * RESUME_TOKEN_EXPIRED.
   */
  async open(environmentId: EnvironmentId, token: string | undefined): Promise<OpenSequence> {
    const tokens = await this.resumeTokens();
    const place = token === undefined ? undefined : parseResumeToken(tokens, environmentId, token);
    const environment = await this.units.lookup((stores) => stores.environments.find(environmentId));
    const uid = place?.uid ?? environment?.uid;
    if (!uid) throw refuse.environmentNotFound(environmentId);
    await this.numbering.number(uid);
    const sequence = await this.units.lookup(async (stores) => {
      const { lastPosition, purgedPosition } = await stores.sequences.get(uid);
      const end = uid === environment?.uid ? undefined : ((await stores.sequences.lastOwnPosition(uid)) ?? 0);
      return { lastPosition, purgedPosition, end };
    });
    const { lastPosition, purgedPosition, end } = sequence;
    if (place && end !== undefined && place.position >= end) throw refuse.environmentNotFound(environmentId);
    if (place && place.position < purgedPosition)
      throw refuse.resumeTokenExpired(tokens.encode(environmentId, { uid, position: purgedPosition }));
    return { environmentId, uid, start: place?.position, lastPosition, end };
  }

  /** Reads the events that a filter selects. Looks at a bounded number of events, so that there may be none. */
  async read(
    { environmentId, uid, end }: OpenSequence,
    filter: EventFilter,
    { after = 0, before, pageSize }: ReadRange,
  ): Promise<EventPage> {
    const tokens = await this.resumeTokens();
    const isFiltered = filter.types ?? filter.userId ?? filter.since ?? filter.organizations;
    const limit = isFiltered === undefined ? pageSize + 1 : limits.eventsLookedAt;
    const { organizationId } = filter;
    const last = end === undefined ? undefined : end + 1;
    return this.units.lookup(async (stores) => {
      const found = await stores.sequences.list(uid, { after, before, organizationId, limit });
      const seen = last === undefined ? found : found.filter(({ position }) => position < last);
      const { chosen, looked } = choose(seen, filter, pageSize);
      const events = await loadInOrder(stores, uid, chosen);
      return {
        events: events.map(({ position, ...event }) => ({
          environmentId,
          resumeToken: tokens.encode(environmentId, { uid, position } satisfies SequencePlace),
          ...event,
        })),
        lookedTo: seen[looked - 1]?.position,
        hasMore: looked < seen.length || found.length === limit,
      };
    });
  }
}

/** Returns the first events that a filter selects, as many as a page may contain, and how many were looked at for that. */
function choose(events: readonly NumberedEvent[], filter: EventFilter, pageSize: number) {
  const chosen: NumberedEvent[] = [];
  let bytes = 0;
  for (const [index, event] of events.entries()) {
    if (!isSelected(filter, event)) continue;
    bytes += event.size + limits.eventBytesBesideContent;
    const isFull = chosen.length === pageSize || (chosen.length > 0 && bytes > limits.eventPageBytes);
    if (isFull) return { chosen, looked: index };
    chosen.push(event);
  }
  return { chosen, looked: events.length };
}

async function loadInOrder(stores: Stores, uid: EnvironmentUid, chosen: readonly NumberedEvent[]) {
  const events = new Map(
    (
      await stores.sequences.load(
        uid,
        chosen.map(({ id }) => id),
      )
    ).map((event) => [event.id, event]),
  );
  return chosen.flatMap(({ id }) => events.get(id) ?? []);
}
