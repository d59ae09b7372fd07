import { deepEqual } from "node:assert/strict";
import { Event } from "../../gen/orgroles/v1/event";
import { eventToBytes } from "../../src/api/encode-event";
import type { createServices } from "../../src/app/services";
import { ownCall } from "../../src/application/request/idempotency";
import { Replica } from "./replica";
import { organizations } from "./steps";

type Services = ReturnType<typeof createServices>;

const wholePage = { pageSize: 0, pageToken: "" };

/** Reads all events of an environment, as a client gets them. */
export async function readEvents({ events }: Services, environmentId: string): Promise<Event[]> {
  const all: Event[] = [];
  let pageToken = "";
  do {
    const list = { environmentId, types: [], newestFirst: false, pageSize: 50, pageToken };
    const page = await events.listEvents(list, ownCall);
    all.push(...page.events.map((event) => Event.decode(eventToBytes(event))));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return all;
}

/** Throws unless copies that know nothing but events show what the API shows, however the scopes are put together. */
export async function compareReplicas(
  services: Services,
  environmentId: string,
  early: readonly string[] = [],
): Promise<void> {
  const events = await readEvents(services, environmentId);
  deepEqual(
    events.slice(0, early.length).map(({ id }) => id),
    early,
  );
  for (const sequence of [events, environmentFirst(events), latestPossible(events)]) {
    const replica = new Replica();
    for (const event of sequence) replica.apply(event);
    for (const organizationId of organizations)
      deepEqual(replica.view(organizationId), await shown(services, { environmentId, organizationId }));
  }
}

/** Returns a sequence that numbering may give, too: every organization lags behind the environment. */
function environmentFirst(events: readonly Event[]): Event[] {
  const scopes = ["", ...organizations.toReversed()];
  return scopes.flatMap((scope) => events.filter(({ organizationId }) => organizationId === scope));
}

/** Returns another one: an event of the environment comes just before the first one that has seen it. */
function latestPossible(events: readonly Event[]): Event[] {
  const own = events.filter(({ organizationId }) => organizationId === "");
  const others = events.filter(({ organizationId }) => organizationId !== "");
  const sequence: Event[] = [];
  for (const event of others) {
    while (own[0] && own[0].environmentRevision <= event.environmentRevision) sequence.push(...own.splice(0, 1));
    sequence.push(event);
  }
  return [...sequence, ...own];
}

async function shown(services: Services, scope: { environmentId: string; organizationId: string }) {
  const { multipleRolesEnabled, escalationGuardEnabled } = await services.environments.getEnvironment(scope);
  const roles = await services.roles.listOrgRoles({ ...scope, ...wholePage });
  const members = await services.memberships.listMemberships({ ...scope, ...wholePage }, ownCall);
  const groups = await services.groupRoles.listGroupRoles({ ...scope, ...wholePage }, ownCall);
  return {
    multiple: multipleRolesEnabled,
    guard: escalationGuardEnabled,
    inherits: roles.config.inheritsEnvironment,
    roles: roles.items.map((role) => [role.slug, role.isDefault, role.permissions]),
    members: members.items.map(({ userId, roleSlugs }) => [userId, roleSlugs]),
    groups: groups.items.map(({ groupId, roleSlug }) => [groupId, roleSlug]),
  };
}
