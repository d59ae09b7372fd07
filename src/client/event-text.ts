import type { Event } from "../../gen/orgroles/v1/event";

/** Formats an event as a line for people. */
export function formatEvent(event: Event): string {
  const { time, type, organizationId, actor, actingUserId } = event;
  const place = organizationId === "" ? "" : ` in ${organizationId}`;
  const person = actingUserId === "" ? "" : ` for ${actingUserId}`;
  return `${time?.toISOString() ?? ""} ${type}${place}: ${subjectOf(event)}, by ${actor}${person}`;
}

/** Returns what has changed, in a few words; empty for a change that a newer server knows. */
function subjectOf({ change }: Event): string {
  switch (change?.$case) {
    case "organization":
      return `${change.value.deletedRoleCount} roles, ${change.value.deletedMembershipCount} memberships`;
    case "role":
    case "permission":
      return (change.value.after ?? change.value.before)?.slug ?? "";
    case "environment":
      return (change.value.after ?? change.value.before)?.displayName ?? "";
    case "roleConfig": {
      const { after } = change.value;
      return after ? `default ${after.defaultRoleSlug}, order ${after.priorityOrder.join(", ")}` : "";
    }
    case "membership": {
      const { before, after } = change.value;
      return `${(after ?? before)?.userId ?? ""} (${arrow(before?.roleSlugs.join(", "), after?.roleSlugs.join(", "))})`;
    }
    case "groupRole": {
      const { before, after } = change.value;
      return `${(after ?? before)?.groupId ?? ""} (${arrow(before?.roleSlug, after?.roleSlug)})`;
    }
    default:
      return "";
  }
}

const arrow = (before = "none", after = "none") => (before === after ? after : `${before} → ${after}`);
