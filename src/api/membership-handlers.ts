import type { MembershipServiceService } from "../../gen/orgroles/v1/membership_service";
import type { Page } from "../application/request/page";
import type { UseCases } from "../application/use-cases";
import type { MembershipView } from "../domain/membership-view";
import { mapInSlices } from "../event-loop/time-slices";
import { encodeGroupRole, encodeMembership } from "./encode";
import type { Handlers } from "./service";

async function encodePage({ items, nextPageToken }: Page<MembershipView>) {
  return { memberships: await mapInSlices(items, encodeMembership), nextPageToken };
}

export function membershipHandlers(
  memberships: UseCases["memberships"],
  groupRoles: UseCases["groupRoles"],
): Handlers<typeof MembershipServiceService> {
  return {
    setMemberRoles: async (request, call) => ({
      membership: encodeMembership(await memberships.setMemberRoles(request, call)),
    }),
    batchSetMemberRoles: async (request, call) => ({
      memberships: await mapInSlices(await memberships.batchSetMemberRoles(request, call), encodeMembership),
    }),
    getMembership: async (request) => ({ membership: encodeMembership(await memberships.getMembership(request)) }),
    deleteMembership: (request, call) => memberships.deleteMembership(request, call),
    listMemberships: async (request, call) => encodePage(await memberships.listMemberships(request, call)),
    listUserMemberships: async (request, call) => encodePage(await memberships.listUserMemberships(request, call)),
    listRoleMemberships: async (request, call) => encodePage(await memberships.listRoleMemberships(request, call)),
    deleteUserMemberships: (request, call) => memberships.deleteUserMemberships(request, call),
    setGroupRole: async (request, call) => ({
      groupRole: encodeGroupRole(await groupRoles.setGroupRole(request, call)),
    }),
    deleteGroupRole: (request, call) => groupRoles.deleteGroupRole(request, call),
    listGroupRoles: async (request, call) => {
      const { items, nextPageToken } = await groupRoles.listGroupRoles(request, call);
      return { groupRoles: items.map(encodeGroupRole), nextPageToken };
    },
    syncMemberGroups: async (request, call) => {
      const { membership, ignoredGroupIds } = await groupRoles.syncMemberGroups(request, call);
      return { membership: encodeMembership(membership), ignoredGroupIds: [...ignoredGroupIds] };
    },
  };
}
