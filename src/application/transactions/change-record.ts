import type { Environment } from "../../domain/environment";
import type { EventChange } from "../../domain/event";
import type { Clock, Ids } from "../../domain/ids";
import type { Organization } from "../../domain/organization";
import type { NewEvent } from "../ports/event-store";
import type { Stores } from "../ports/unit-of-work";
import type { WriteContext } from "../request/idempotency";

/** The scope of a change: an organization, else the environment itself. The transaction has locked it. */
export interface ChangedScope {
  readonly environment: Environment;
  readonly organization?: Organization | undefined;
}

/** Collects what a transaction changes. A change that callers would not see is not added, and not made. */
export class ChangeRecord {
  private readonly changes: (ChangedScope & { readonly change: EventChange })[] = [];

  add({ environment, organization }: ChangedScope, change: EventChange): void {
    this.changes.push({ environment, organization, change });
  }

  /** Returns the changes, in the order in which they were added. */
  all(): readonly (ChangedScope & { readonly change: EventChange })[] {
    return this.changes;
  }

  /** Returns the changes as events, in the order in which they were added. */
  toEvents({ author }: WriteContext, time: number, ids: Pick<Ids, "event">): NewEvent[] {
    return this.changes.map(({ environment, organization, change }, ordinal) => ({
      environmentUid: environment.uid,
      id: ids.event(),
      organizationId: organization?.id ?? "",
      revision: organization?.revision ?? environment.revision,
      ordinal,
      environmentRevision: environment.revision,
      time,
      change,
      ...author,
    }));
  }
}

/** Writes the events of transactions: the only place that does. */
export class EventWriter {
  constructor(
    private readonly clock: Clock,
    private readonly ids: Pick<Ids, "event">,
  ) {}

  /** Does the work of a transaction, and writes an event for each change that the work adds. */
  async run<T>(stores: Stores, context: WriteContext, work: (changes: ChangeRecord) => Promise<T>): Promise<T> {
    const changes = new ChangeRecord();
    const response = await work(changes);
    const events = changes.toEvents(context, this.clock(), this.ids);
    if (events.length) await stores.events.append(events);
    return response;
  }
}
