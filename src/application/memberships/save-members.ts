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
  const added: Membership[] = [];
  const changed: { readonly present: Membership; readonly membership: Membership }[] = [];
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
    if (present) changed.push({ present, membership });
    else added.push(membership);
    changes.add({ environment, organization }, membershipChange(before, after));
    return after.view;
  });
  await stores.memberships.insert(environment.uid, added);
  await replaceRoles(stores, environment, changed);
  return views;
}

/** Replaces the roles of members. Most often there is one, with one role before and after, which takes one statement. */
async function replaceRoles(
  { memberships }: Stores,
  { uid }: Environment,
  changed: readonly { readonly present: Membership; readonly membership: Membership }[],
): Promise<void> {
  const [first] = changed;
  if (changed.length === 1 && first && isOnlyRole(first.present) && isOnlyRole(first.membership))
    return memberships.changeOnlyRole(uid, first.present, first.membership);
  return memberships.put(
    uid,
    changed.map(({ membership }) => membership),
  );
}

const isOnlyRole = ({ roleIds }: Membership): boolean => roleIds.length === 1;

const isSameList = (some: readonly RoleId[], others: readonly RoleId[]): boolean =>
  some.length === others.length && some.every((id, index) => id === others[index]);
