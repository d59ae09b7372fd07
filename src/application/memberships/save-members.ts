import type { Environment } from "../../domain/environment";
import { membershipChange } from "../../domain/event";
import type { RoleId } from "../../domain/ids";
import type { Membership } from "../../domain/membership";
import type { MembershipView } from "../../domain/membership-view";
import type { UserId } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Stores } from "../ports/unit-of-work";
import type { ChangeRecord } from "../transactions/change-record";
import type { MembershipViewer } from "./member";

/** A member of an organization that the transaction has locked. */
export interface MemberToSave {
  readonly viewer: MembershipViewer;
  readonly userId: UserId;
  /** The roles that the member is to have. */
  readonly roleIds: readonly RoleId[];
  /** The member as it is stored, undefined for a new one. */
  readonly present: Membership | undefined;
}

/** Stores the roles of members, except where they have these roles already. Returns all of them as callers see them. */
export async function saveMembers(
  stores: Stores,
  changes: ChangeRecord,
  environment: Environment,
  members: readonly MemberToSave[],
  time: number,
): Promise<MembershipView[]> {
  const changed: Membership[] = [];
  const views = await mapInSlices(members, ({ viewer: { organization, identify }, userId, roleIds, present }) => {
    const membership: Membership = {
      organizationUid: organization.uid,
      userId,
      roleIds,
      materializedAtRevision: environment.revision,
      createTime: present?.createTime ?? time,
      updateTime: time,
    };
    const before = present && identify(present);
    const after = identify(membership);
    if (before && isSameList(before.roleIds, after.roleIds)) return before.view;
    changed.push(membership);
    changes.add({ environment, organization }, membershipChange(before, after));
    return after.view;
  });
  if (changed.length) await stores.memberships.put(environment.uid, changed);
  return views;
}

const isSameList = (some: readonly RoleId[], others: readonly RoleId[]): boolean =>
  some.length === others.length && some.every((id, index) => id === others[index]);
