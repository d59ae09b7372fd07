import { Event } from "../../gen/orgroles/v1/event";
import type { DeliveredEvent } from "../application/events/event-log";
import type { EventChange } from "../domain/event";
import {
  encodeEnvironment,
  encodeGroupRole,
  encodeMembership,
  encodePermission,
  encodeRole,
  encodeRoleConfig,
} from "./encode";

/** Returns an event as the bytes of its message. */
export const eventToBytes = (event: DeliveredEvent): Uint8Array => Event.encode(encodeEvent(event)).finish();

export function encodeEvent({ change, time, ...event }: DeliveredEvent): Event {
  return { ...event, type: change.type, time: new Date(time), change: encodeChange(change) };
}

/** Encodes the resources of a change. */
function encodeBoth<View, Message>(
  { before, after }: { readonly before?: View | undefined; readonly after?: View | undefined },
  encode: (view: View) => Message,
) {
  return { before: before && encode(before), after: after && encode(after) };
}

function encodeChange({ subject, content }: EventChange): NonNullable<Event["change"]> {
  switch (subject) {
    case "role": {
      const { replacementRole, environmentDefaultRole, ...counts } = content.deletion ?? {};
      const { affectedOrganizationCount = 0, reassignedMembershipCount = 0, movedGroupRoleCount = 0 } = counts;
      const value = {
        ...encodeBoth(content, encodeRole),
        replacementRoleSlug: replacementRole?.slug ?? "",
        replacementRoleId: replacementRole?.id ?? "",
        environmentDefaultRoleSlug: environmentDefaultRole?.slug ?? "",
        environmentDefaultRoleId: environmentDefaultRole?.id ?? "",
        affectedOrganizationCount,
        reassignedMembershipCount,
        movedGroupRoleCount,
      };
      return { $case: "role", value };
    }
    case "role_config":
      return { $case: "roleConfig", value: { ...encodeBoth(content, encodeRoleConfig), ...roleIdsOf(content) } };
    case "permission": {
      const { affectedRoleCount = 0 } = content;
      return { $case: "permission", value: { ...encodeBoth(content, encodePermission), affectedRoleCount } };
    }
    case "membership":
      return { $case: "membership", value: { ...encodeBoth(content, encodeMembership), ...roleIdsOf(content) } };
    case "group_role": {
      const { beforeRoleId = "", roleId = "" } = content;
      return { $case: "groupRole", value: { ...encodeBoth(content, encodeGroupRole), beforeRoleId, roleId } };
    }
    case "environment": {
      const { deletedOrganizationCount = 0 } = content;
      return { $case: "environment", value: { ...encodeBoth(content, encodeEnvironment), deletedOrganizationCount } };
    }
    case "organization":
      return { $case: "organization", value: content };
  }
}

interface RoleIds {
  readonly beforeRoleIds?: readonly string[] | undefined;
  readonly roleIds?: readonly string[] | undefined;
}

const roleIdsOf = ({ beforeRoleIds = [], roleIds = [] }: RoleIds) => ({
  beforeRoleIds: [...beforeRoleIds],
  roleIds: [...roleIds],
});
