import type { EventType, EventView } from "../../domain/event";
import type { UnnumberedEvent } from "../../domain/event-order";
import type { EnvironmentUid, EventId } from "../../domain/ids";
import type { OrganizationId, UserId } from "../../domain/values";

/** The state of the sequence of an environment. */
export interface EventSequence {
  /** The highest position that an event has got; 0 if none has. */
  readonly lastPosition: number;
  /** The highest position of an event that retention has deleted; 0 if none was. */
  readonly purgedPosition: number;
}

/** An event in the sequence of its environment, without its content. */
export interface NumberedEvent {
  readonly id: EventId;
  readonly position: number;
  readonly organizationId: OrganizationId | "";
  readonly type: EventType;
  /** Empty unless the event is about a membership. */
  readonly userId: UserId | "";
  readonly time: number;
  /** About as many bytes as the content takes in a response. */
  readonly size: number;
}

/** Selects events by their positions, and of one organization if it is given. */
export interface EventRange {
  /** Reads after this position in ascending order, or before it in descending order. */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly organizationId?: OrganizationId | undefined;
  readonly limit: number;
}

/** An event as it is stored: everything but the id of its environment, which is not stored. */
export type StoredEvent = Omit<EventView, "environmentId"> & { readonly position: number };

/**
 * The sequences in which events are delivered, one for each environment. An event gets its position after the commit of
 * its change: see `EventNumbering`. Positions are dense until events are deleted.
 */
export interface EventSequenceStore {
  /** Returns whether an event of the environment has no position. */
  hasUnnumbered(environment: EnvironmentUid): Promise<boolean>;
  /** Excludes other numberings and purges of the environment until the transaction ends. Returns its sequence. */
  lock(environment: EnvironmentUid): Promise<EventSequence>;
  /**
   * Returns up to `limit` events without a position in the order of their scopes: the environment's own, or those of
   * organizations from the given id on.
   */
  listUnnumbered(
    environment: EnvironmentUid,
    of: "environment" | { readonly organizationsFrom: string },
    limit: number,
  ): Promise<UnnumberedEvent[]>;
  /** Gives events consecutive positions in the given order, the lowest being `first`. The caller has locked the sequence. */
  number(environment: EnvironmentUid, ids: readonly EventId[], first: number): Promise<void>;
  /** Returns the sequence as it is. */
  get(environment: EnvironmentUid): Promise<EventSequence>;
  /**
   * Returns the last positions of some environments, and those environments that have events without a position, whose
   * position is then undefined. An environment may be absent, or named twice.
   */
  listNews(
    environments: readonly EnvironmentUid[],
  ): Promise<{ readonly uid: EnvironmentUid; readonly position: number | undefined }[]>;
  /** Returns events that have positions and are not erased. */
  list(environment: EnvironmentUid, range: EventRange): Promise<NumberedEvent[]>;
  /** Returns events with their content, in no order. */
  load(environment: EnvironmentUid, ids: readonly EventId[]): Promise<StoredEvent[]>;
  /** Returns the position of the last event of the environment itself, undefined if it has none. */
  lastOwnPosition(environment: EnvironmentUid): Promise<number | undefined>;
  /** Hides the events of an organization before the given revision. The caller has locked the organization. */
  erase(environment: EnvironmentUid, organization: OrganizationId, beforeRevision: number): Promise<void>;
  /** Returns the first environment after the given one that has events, in the order of their uids. */
  nextEnvironment(after: string): Promise<EnvironmentUid | undefined>;
  /** Returns whether events of the environment are hidden. */
  hasErased(environment: EnvironmentUid): Promise<boolean>;
  /**
   * Deletes up to `limit` events that are hidden. Returns how many; fewer than `limit` if none is left. The caller has
   * locked the sequence.
   */
  deleteErased(environment: EnvironmentUid, limit: number): Promise<number>;
  /** Deletes events with positions. The caller has locked the sequence. */
  purge(environment: EnvironmentUid, ids: readonly EventId[], lastPosition: number): Promise<void>;
  /** Returns the secret that protects resume tokens. */
  secret(): Promise<string>;
}
