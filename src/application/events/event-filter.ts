import { type EventType, eventSubjects, eventTypes } from "../../domain/event";
import { limits } from "../../domain/limits";
import type { OrganizationId, UserId } from "../../domain/values";
import type { NumberedEvent } from "../ports/event-sequence-store";
import type { Fields } from "../request/fields";

/** Selects events. An absent member selects all of them. */
export interface EventFilter {
  readonly organizationId?: OrganizationId | undefined;
  /** The organizations of the caller, if it is restricted to some: it does not see events of the environment. */
  readonly organizations?: ReadonlySet<string> | undefined;
  readonly types?: ReadonlySet<EventType> | undefined;
  readonly userId?: UserId | undefined;
  readonly since?: number | undefined;
  /** A condition beside the others. */
  readonly accepts?: ((event: Pick<NumberedEvent, "type" | "organizationId">) => boolean) | undefined;
  /** The first time that is too late. */
  readonly until?: number | undefined;
}

export function isSelected(filter: EventFilter, event: NumberedEvent): boolean {
  const { organizationId, organizations, types, userId, since, until, accepts } = filter;
  if (organizationId !== undefined && event.organizationId !== organizationId) return false;
  if (organizations && !organizations.has(event.organizationId)) return false;
  if (types && !types.has(event.type)) return false;
  if (userId !== undefined && event.userId !== userId) return false;
  if (accepts && !accepts(event)) return false;
  if (until !== undefined && event.time >= until) return false;
  return since === undefined || event.time >= since;
}

/** Parses types of events, or the parts of them before the dot. Returns undefined for none: all types. */
export function parseTypes(fields: Fields, texts: readonly string[]): ReadonlySet<EventType> | undefined {
  if (!texts.length) return undefined;
  if (texts.length > limits.batchItems) fields.refuse("types", `must be at most ${limits.batchItems} items`);
  const types = new Set<EventType>();
  for (const [index, text] of texts.slice(0, limits.batchItems).entries()) {
    const subject = eventSubjects.find((one) => one === text);
    const named = eventTypes.filter((type) => type === text || (subject && type.startsWith(`${subject}.`)));
    if (!named.length) fields.refuse(`types[${index}]`, "must be a type of events, or the part of it before the dot");
    for (const type of named) types.add(type);
  }
  return types;
}
