import { refuse } from "../../domain/errors";
import type { EventView } from "../../domain/event";
import type { EnvironmentUid, EventId } from "../../domain/ids";
import { limits } from "../../domain/limits";
import type { EnvironmentId } from "../../domain/values";
import type { NumberedEvent } from "../ports/event-sequence-store";
import type { UnitOfWork } from "../ports/unit-of-work";
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
  /** The bytes of events after which the page ends. */
  readonly mostBytes?: number;
}

/** Runs a bounded number of reads at the same time. */
export interface ReadsInTurn {
  runExclusive<T>(read: () => Promise<T>): Promise<T>;
}

export interface EventPage {
  readonly events: readonly DeliveredEvent[];
  /** The position of the last event that was looked at, undefined if there was none. */
  readonly lookedTo: number | undefined;
  /** Whether more events may follow. */
  readonly hasMore: boolean;
  /** Whether the last event that was looked at is the deletion of the environment. */
  readonly isEnd: boolean;
}

/** An event in its sequence, ready to be delivered. */
export interface SequencedEvent extends NumberedEvent {
  readonly view: DeliveredEvent;
}

/** Reads the sequences of events. */
export class EventLog {
  private tokens: Promise<ResumeTokens> | undefined;

  constructor(
    private readonly units: UnitOfWork,
    readonly numbering: EventNumbering,
    private readonly createTokens: CreateResumeTokens,
    /** For the messages of all watches that are behind: those that wait take no memory. */
    private readonly messageReads: ReadsInTurn,
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
   * RESUME_TOKEN_EXPIRED, the last one not where older events are to be read.
   */
  async open(
    environmentId: EnvironmentId,
    token: string | undefined,
    { newestFirst = false }: { readonly newestFirst?: boolean } = {},
  ): Promise<OpenSequence> {
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
    if (place && place.position < purgedPosition && !newestFirst)
      throw refuse.resumeTokenExpired(tokens.encode(environmentId, { uid, position: purgedPosition }));
    return { environmentId, uid, start: place?.position, lastPosition, end };
  }

  /** Returns the position of an event, undefined if there is none of this id (any more). */
  async positionOf({ uid }: OpenSequence, id: EventId): Promise<number | undefined> {
    const [event] = await this.units.lookup((stores) => stores.sequences.load(uid, [id]));
    return event?.position;
  }

  /** Reads the events that a filter selects. Looks at a bounded number of events, so that there may be none. */
  async read(
    sequence: OpenSequence,
    filter: EventFilter,
    { after = 0, before, pageSize, mostBytes = limits.eventPageBytes }: ReadRange,
  ): Promise<EventPage> {
    const { uid, end = Infinity } = sequence;
    const { organizationId, ...others } = filter; // the statement selects by organization
    const isFiltered = Object.values(others).some((value) => value !== undefined);
    const limit = isFiltered ? limits.eventsLookedAt : pageSize + 1;
    const found = await this.units.lookup((stores) =>
      stores.sequences.list(uid, { after, before, organizationId, limit }),
    );
    const last = before === undefined ? (found.find(isDeletion)?.position ?? end) : end;
    const seen = found.filter(({ position }) => position <= last);
    const { chosen, looked } = choose(seen, filter, pageSize, mostBytes);
    const events = await this.load(sequence, chosen);
    return {
      events: events.map(({ view }) => view),
      lookedTo: seen[looked - 1]?.position,
      hasMore: looked < seen.length || found.length === limit,
      isEnd: isDeletion(seen[looked - 1]),
    };
  }

  /** Reads the next message of a watch that is further behind than memory. */
  readMessage(sequence: OpenSequence, filter: EventFilter, after: number, pageSize: number): Promise<EventPage> {
    const range = { after, pageSize, mostBytes: limits.watchMessageBytes };
    return this.messageReads.runExclusive(() => this.read(sequence, filter, range));
  }

  /** Reads up to `limit` events after a position. */
  async readNewest(sequence: OpenSequence, after: number, limit: number): Promise<SequencedEvent[]> {
    const found = await this.units.lookup((stores) => stores.sequences.list(sequence.uid, { after, limit }));
    return this.load(sequence, found);
  }

  private async load(
    { environmentId, uid }: OpenSequence,
    chosen: readonly NumberedEvent[],
  ): Promise<SequencedEvent[]> {
    if (!chosen.length) return [];
    const tokens = await this.resumeTokens();
    const ids = chosen.map(({ id }) => id);
    const loaded = await this.units.lookup((stores) => stores.sequences.load(uid, ids));
    const byId = new Map(loaded.map((event) => [event.id, event]));
    return chosen.flatMap((numbered) => {
      const stored = byId.get(numbered.id);
      if (!stored) return []; // deleted meanwhile
      const { position, ...event } = stored;
      const resumeToken = tokens.encode(environmentId, { uid, position } satisfies SequencePlace);
      return [{ ...numbered, view: { environmentId, resumeToken, ...event } }];
    });
  }
}

/** Returns the page of the events that a filter selects among events in memory. */
export function selectEvents(recent: readonly SequencedEvent[], filter: EventFilter, pageSize: number): EventPage {
  const { chosen, looked } = choose(recent, filter, pageSize, limits.watchMessageBytes);
  return {
    events: chosen.map(({ view }) => view),
    lookedTo: recent[looked - 1]?.position,
    hasMore: looked < recent.length,
    isEnd: isDeletion(recent[looked - 1]),
  };
}

export const isDeletion = (event: NumberedEvent | undefined): boolean => event?.type === "environment.deleted";

/** Returns the first events that a filter selects, as many as a page may contain, and how many were looked at for that. */
function choose<E extends NumberedEvent>(
  events: readonly E[],
  filter: EventFilter,
  pageSize: number,
  mostBytes: number,
): { readonly chosen: E[]; readonly looked: number } {
  const chosen: E[] = [];
  let bytes = 0;
  for (const [index, event] of events.entries()) {
    if (!isSelected(filter, event)) continue;
    bytes += event.size + limits.eventBytesBesideContent;
    const isFull = chosen.length === pageSize || (chosen.length > 0 && bytes > mostBytes);
    if (isFull) return { chosen, looked: index };
    chosen.push(event);
  }
  return { chosen, looked: events.length };
}
