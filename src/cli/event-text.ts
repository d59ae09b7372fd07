import type { DeliveredEvent } from "../application/events/event-log";
import type { EventChange } from "../domain/event";

/** Formats an event as a line for people. */
export function formatEvent(event: DeliveredEvent): string {
  const { time, change, organizationId, actor, actingUserId } = event;
  const place = organizationId === "" ? "" : ` in ${organizationId}`;
  const person = actingUserId === "" ? "" : ` for ${actingUserId}`;
  return `${new Date(time).toISOString()} ${change.type}${place}: ${subjectOf(change)}, by ${actor}${person}`;
}

/** Returns what has changed, in a few words. */
function subjectOf({ subject, content }: EventChange): string {
  switch (subject) {
    case "organization":
      return `${content.deletedRoleCount} roles, ${content.deletedMembershipCount} memberships`;
    case "role":
    case "permission":
      return (content.after ?? content.before)?.slug ?? "";
    case "environment":
      return (content.after ?? content.before)?.displayName ?? "";
    case "role_config": {
      const { after } = content;
      return after ? `default ${after.defaultRoleSlug}, order ${after.priorityOrder.join(", ")}` : "";
    }
    case "membership": {
      const { before, after } = content;
      return `${(after ?? before)?.userId ?? ""} (${arrow(before?.roleSlugs.join(", "), after?.roleSlugs.join(", "))})`;
    }
    case "group_role": {
      const { before, after } = content;
      return `${(after ?? before)?.groupId ?? ""} (${arrow(before?.roleSlug, after?.roleSlug)})`;
    }
  }
}

const arrow = (before = "none", after = "none") => (before === after ? after : `${before} → ${after}`);
