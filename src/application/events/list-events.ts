import { refuse } from "../../domain/errors";
import { type EnvironmentId, type UserId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import type { Call } from "../request/idempotency";
import { type PageRequest, parsePageSize } from "../request/page";
import { type Scope, parseScope } from "../request/scope";
import { type EventFilter, parseTypes } from "./event-filter";
import type { DeliveredEvent } from "./event-log";
import type { ResumeTokens } from "./resume-token";

export interface ListEvents extends Scope, PageRequest {
  readonly types: readonly string[];
  readonly userId?: string | undefined;
  readonly sinceTime?: Date | undefined;
  readonly after?: string | undefined;
  readonly newestFirst: boolean;
}

export interface EventList {
  readonly events: readonly DeliveredEvent[];
  readonly nextPageToken: string;
  readonly resumeToken: string;
}

/**
 * Returns a page of the events of an environment, of every change acknowledged before the call. Throws RESUME_TOKEN_INVALID,
 * RESUME_TOKEN_EXPIRED, PAGE_TOKEN_INVALID and ENVIRONMENT_NOT_FOUND.
 */
export async function listEvents(
  { eventLog, digest }: Dependencies,
  request: ListEvents,
  { organizations }: Call,
): Promise<EventList> {
  const fields = new Fields();
  const { newestFirst } = request;
  if (newestFirst && request.after !== undefined) fields.refuse("after", "must be absent with newest_first");
  const { scope, types, userId, pageSize } = fields.check({
    scope: parseScope(fields, request),
    types: parseTypes(fields, request.types),
    userId: fields.optional<UserId>("user_id", request.userId, parseId),
    pageSize: parsePageSize(fields, request),
  });

  const { environmentId, organizationId } = scope;
  const filter: EventFilter = { organizationId, organizations, types, userId, since: request.sinceTime?.getTime() };
  const list = digest(
    JSON.stringify([environmentId, organizationId, request.types, userId, filter.since, newestFirst]),
  );
  const tokens = await eventLog.resumeTokens();
  const page = parseEventPageToken(tokens, environmentId, list, request.pageToken);
  const sequence = await eventLog.open(environmentId, page?.from ?? request.after, { newestFirst });
  const { uid, start = 0, lastPosition } = sequence;

  const range = newestFirst
    ? { before: page ? start : (sequence.end ?? lastPosition) + 1, pageSize }
    : { after: start, pageSize };
  const { events, lookedTo, hasMore } = await eventLog.read(sequence, filter, range);
  const tokenOf = (position: number) => tokens.encode(environmentId, { uid, position });
  const isWhole = !hasMore || lookedTo === undefined;
  const place = newestFirst || isWhole ? Math.max(lastPosition, lookedTo ?? 0) : lookedTo;
  const resumeToken = page?.resume ?? tokenOf(Math.min(place, sequence.end ?? place));
  return {
    events,
    nextPageToken: isWhole ? "" : [list, tokenOf(lookedTo), newestFirst ? resumeToken : ""].join("."),
    resumeToken,
  };
}

/** Returns where a page begins, and the token to resume from if the first page has fixed it. Throws PAGE_TOKEN_INVALID. */
function parseEventPageToken(
  tokens: ResumeTokens,
  environmentId: EnvironmentId,
  list: string,
  pageToken: string,
): { readonly from: string; readonly resume: string | undefined } | undefined {
  if (pageToken === "") return undefined;
  const [digest, from = "", resume = "", ...rest] = pageToken.split(".");
  const isKnown = (token: string) => tokens.decode(environmentId, token) !== undefined;
  if (digest !== list || !isKnown(from) || (resume !== "" && !isKnown(resume)) || rest.length)
    throw refuse.pageTokenInvalid();
  return { from, resume: resume || undefined };
}
