import type { Author, EventChange } from "../../domain/event";
import type { EnvironmentUid, EventId } from "../../domain/ids";
import type { OrganizationId } from "../../domain/values";

/** The record of a change, as the transaction of the change writes it. */
export interface NewEvent extends Author {
  readonly environmentUid: EnvironmentUid;
  readonly id: EventId;
  /** Empty for an event of the environment. */
  readonly organizationId: OrganizationId | "";
  /** The revision of its scope that made the change. */
  readonly revision: number;
  /** The place among the events of its transaction. */
  readonly ordinal: number;
  /** The revision of the environment that the change saw. */
  readonly environmentRevision: number;
  readonly time: number;
  readonly change: EventChange;
}

/** The records of changes. They outlive their environment. */
export interface EventStore {
  /** Adds events. The caller has locked their scopes. */
  append(events: readonly NewEvent[]): Promise<void>;
  /** Returns the highest revision among the events of each organization. Those without events are absent. */
  latestRevisions(
    environment: EnvironmentUid,
    organizations: readonly OrganizationId[],
  ): Promise<Map<OrganizationId, number>>;
}
