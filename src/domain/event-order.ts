import type { EventId } from "./ids";
import type { OrganizationId } from "./values";

/** An event that has no position yet. */
export interface UnnumberedEvent {
  readonly id: EventId;
  /** Empty for an event of the environment. */
  readonly organizationId: OrganizationId | "";
  /** The revision of the environment that the change saw: its own revision for an event of the environment. */
  readonly environmentRevision: number;
  readonly time: number;
}

/**
 * Returns events in the order in which they get their positions. Both lists have the order of their scopes, and the
 * environment's own events are all those that an event of an organization may have seen. Each of these comes after
 * the environment's events of a revision that its change saw, and before those of later ones where its scope allows it.
 */
export function orderEvents(
  own: readonly UnnumberedEvent[],
  ofOrganizations: readonly UnnumberedEvent[],
): UnnumberedEvent[] {
  const ordered: UnnumberedEvent[] = [];
  let next = 0;
  for (const event of sortByEnvironmentRevision(ofOrganizations)) {
    for (let one = own[next]; one && one.environmentRevision <= event.environmentRevision; one = own[next]) {
      ordered.push(one);
      next += 1;
    }
    ordered.push(event);
  }
  return [...ordered, ...own.slice(next)];
}

/**
 * Sorts events by the revision that they saw, and then by time. An event counts as no older than those before it in its
 * scope, so that the order within each scope stays, whatever the clocks say.
 */
function sortByEnvironmentRevision(events: readonly UnnumberedEvent[]): UnnumberedEvent[] {
  const last = new Map<OrganizationId | "", UnnumberedEvent>();
  const ranked = events.map((event) => {
    const before = last.get(event.organizationId);
    const rank = before && isBefore(event, before) ? { ...event, ...rankOf(before) } : event;
    last.set(event.organizationId, rank);
    return rank;
  });
  return ranked.sort((a, b) => a.environmentRevision - b.environmentRevision || a.time - b.time); // a stable sort
}

const rankOf = ({ environmentRevision, time }: UnnumberedEvent) => ({ environmentRevision, time });

const isBefore = (a: UnnumberedEvent, b: UnnumberedEvent): boolean =>
  a.environmentRevision < b.environmentRevision || (a.environmentRevision === b.environmentRevision && a.time < b.time);
