import type { EnvironmentState } from "../../domain/environment";
import { Fault } from "../../domain/fault";
import { limits } from "../../domain/limits";
import { type MembershipView, rolesInOrder } from "../../domain/membership-view";
import type { OrganizationState } from "../../domain/organization";
import { type GroupId, parseId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { findMember } from "../memberships/find-member";
import { createMembershipViewer, parseUserId } from "../memberships/member";
import { saveMembers } from "../memberships/save-members";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import type { ChangeRecord } from "../transactions/change-record";
import { findGroupRoles } from "./group-role";

export interface SyncMemberGroups extends OrganizationScope {
  readonly userId: string;
  readonly groupIds: readonly string[];
  readonly requestId?: string | undefined;
}

export interface SyncMemberGroupsResult {
  readonly membership: MembershipView;
  /** The ids that break the rule for ids, abbreviated where they are very long. */
  readonly ignoredGroupIds: readonly string[];
}

/**
 * Gives a member the roles of its groups, the default role where none of them is mapped; only the highest one where the
 * environment allows one role. Locks the organization, and creates its row where there is none.
 */
export async function syncMemberGroups(
  dependencies: Dependencies,
  request: SyncMemberGroups,
  call: Call,
): Promise<SyncMemberGroupsResult> {
  const fields = new Fields();
  const { scope, userId, groups, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    userId: parseUserId(fields, request),
    groups: parseGroupIds(fields, request.groupIds),
    context: parseWriteContext(fields, request, call),
  });

  const { transactions, clock } = dependencies;
  const time = clock();
  const sync = async (
    stores: Stores,
    changes: ChangeRecord,
    state: EnvironmentState,
    organization: OrganizationState,
  ) => {
    const { environment } = state;
    const viewer = createMembershipViewer(dependencies, state, organization);
    const { effective } = viewer;
    const groupRoles = await findGroupRoles(stores, state, organization, groups.valid);
    const mapped = groupRoles.map(({ roleId }) => roleId);
    const roles = mapped.length ? rolesInOrder(effective, mapped) : [effective.defaultRole];
    const roleIds = roles.slice(0, environment.multipleRolesEnabled ? undefined : 1).map(({ id }) => id);
    const present = await findMember(stores, state, organization, userId);
    const member = { viewer, userId, roleIds, present };
    const [membership] = await saveMembers(stores, changes, environment, [member], time);
    if (!membership) throw new Fault("a membership was set and not returned");
    return membership;
  };
  // the same request ignores the same ids: they need no place in its stored response
  return { membership: await transactions.upsertOrganization(scope, context, sync), ignoredGroupIds: groups.ignored };
}

/** Separates valid ids from those that break the rule for ids. Repeats count once. */
function parseGroupIds(fields: Fields, texts: readonly string[]) {
  const valid: GroupId[] = [];
  const ignored: string[] = [];
  const named = texts.length <= limits.listItems ? new Set(texts) : undefined;
  if (!named || named.size > limits.batchItems)
    fields.refuse("group_ids", `must be at most ${limits.batchItems} groups`);
  else
    for (const text of named) {
      const parsed = parseId<GroupId>(text);
      if ("value" in parsed) valid.push(parsed.value);
      else ignored.push(abbreviateId(text));
    }
  return { valid, ignored };
}

/** Cuts an id where it is very long. */
function abbreviateId(text: string): string {
  const most = limits.ignoredGroupIdLength;
  if (text.length <= most) return text;
  const characters = Array.from(text.slice(0, 2 * most + 1));
  return characters.length <= most ? text : `${characters.slice(0, most).join("")}…`;
}
