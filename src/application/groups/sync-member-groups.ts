import { organizationRoles } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { limits } from "../../domain/limits";
import { type MembershipView, rolesInOrder, viewMembership } from "../../domain/membership-view";
import type { OrganizationState } from "../../domain/organization";
import { type GroupId, type UserId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { findMember } from "../memberships/find-member";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { findMapped } from "./group-role";

export interface SyncMemberGroups extends OrganizationScope {
  readonly userId: string;
  readonly groupIds: readonly string[];
  readonly requestId?: string | undefined;
}

export interface SyncedMember {
  readonly membership: MembershipView;
  /** Ids that no group can have here, as `shownId` shows them. */
  readonly ignoredGroupIds: readonly string[];
}

export async function syncMemberGroups(
  dependencies: Dependencies,
  request: SyncMemberGroups,
  call: Call,
): Promise<SyncedMember> {
  const fields = new Fields();
  const { environmentId, organizationId } = parseOrganizationScope(fields, request);
  const userId = fields.required<UserId>("user_id", request.userId, parseId);
  const { groupIds, ignoredGroupIds } = parseGroupIds(fields, request.groupIds);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const { transactions, clock, digest } = dependencies;
  const time = clock();
  const sync = async (stores: Stores, state: EnvironmentState, organization: OrganizationState) => {
    const { uid, multipleRolesEnabled, revision: materializedAtRevision } = state.environment;
    const effective = organizationRoles(state, organization);
    const mapped = (await findMapped(stores, state, organization, groupIds)).map(({ roleId }) => roleId);
    const roles = mapped.length ? rolesInOrder(effective, mapped) : [effective.defaultRole];
    const roleIds = roles.slice(0, multipleRolesEnabled ? undefined : 1).map(({ id }) => id);
    const before = await findMember(stores, state, organization, userId);
    const createTime = before?.createTime ?? time;
    const membership = {
      organizationUid: organization.uid,
      userId,
      roleIds,
      materializedAtRevision,
      createTime,
      updateTime: time,
    };
    await stores.memberships.put(uid, [membership]);
    return viewMembership(digest, effective, state, organization, membership);
  };
  // the ignored ids are the same for the same request: they need no place in its stored answer
  return {
    membership: await transactions.upsertOrganization(environmentId, organizationId, context, sync),
    ignoredGroupIds,
  };
}

/** Takes the groups apart from ids that no rule allows. Each counts once. */
function parseGroupIds(fields: Fields, texts: readonly string[]) {
  const groupIds: GroupId[] = [];
  const ignoredGroupIds: string[] = [];
  const named = texts.length <= limits.listItems ? new Set(texts) : undefined;
  if (!named || named.size > limits.batchItems)
    fields.refuse("group_ids", `must be at most ${limits.batchItems} groups`);
  else
    for (const text of named) {
      const parsed = parseId<GroupId>(text);
      if ("value" in parsed) groupIds.push(parsed.value);
      else ignoredGroupIds.push(abbreviateId(text));
    }
  return { groupIds, ignoredGroupIds };
}

/** An id that breaks the rule for ids, cut where it is very long. */
function abbreviateId(text: string): string {
  const most = limits.ignoredGroupIdLength;
  if (text.length <= most) return text;
  const characters = Array.from(text.slice(0, 2 * most + 1));
  return characters.length <= most ? text : `${characters.slice(0, most).join("")}…`;
}
