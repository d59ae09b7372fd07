import type { DeliveredEvent } from "../application/events/event-log";
import type { EventType } from "../domain/event";
import type { WorkosIds } from "./ids";
import { membershipBody, permissionBody, roleBody } from "./views";

type EventName = readonly [name: string, type: EventType, isOfOrganization: boolean];

/** The names of events there, the types here, and whether an event is one of an organization. */
const names: readonly EventName[] = (["created", "updated", "deleted"] as const).flatMap((verb): EventName[] => [
  [`role.${verb}`, `role.${verb}`, false],
  [`organization_role.${verb}`, `role.${verb}`, true],
  [`permission.${verb}`, `permission.${verb}`, false],
  [`organization_membership.${verb}`, `membership.${verb}`, true],
]);

/** Returns the name there, undefined if the event is of no interest there. */
export const nameOf = ({ type, organizationId }: { readonly type: EventType; readonly organizationId: string }) =>
  names.find((one) => one[1] === type && one[2] === (organizationId !== ""))?.[0];

/** Returns an event as clients read it. */
export function eventBody(event: DeliveredEvent, ids: WorkosIds): object {
  const name = nameOf({ type: event.change.type, organizationId: event.organizationId });
  const createdAt = new Date(event.time).toISOString();
  return { object: "event", id: event.id, event: name, data: dataOf(event, ids), created_at: createdAt, context: {} };
}

function dataOf({ change, organizationId }: DeliveredEvent, ids: WorkosIds): object {
  switch (change.subject) {
    case "role": {
      const role = change.content.after ?? change.content.before;
      if (!role) return {};
      const body = roleBody(role);
      return organizationId ? { ...body, object: "organization_role", organization_id: organizationId } : body;
    }
    case "permission": {
      const permission = change.content.after ?? change.content.before;
      return permission ? permissionBody(permission) : {};
    }
    case "membership": {
      const membership = change.content.after ?? change.content.before;
      return membership ? membershipBody(membership, ids) : {};
    }
    default:
      return {};
  }
}
