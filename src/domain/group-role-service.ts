import { refuse } from "./errors";
import { type EnvironmentId, Fields, type GroupId, type OrganizationId, type UserId, parseId } from "./fields";
import { limits } from "./limits";
import { type MembershipView, findMember, rolesInOrder, viewMembership } from "./membership";
import { type Page, type PageRequest, pageOf, parsePage } from "./page";
import { type Context, organizationContext } from "./role-config";
import { type OrganizationScope, parseOrganizationScope } from "./scope";
import { removeIfEmpty } from "./settlement";
import { type Slug, parseSlug } from "./slug";
import type { EnvironmentState, GroupRole, OrganizationState } from "./state";
import type { Stores } from "./stores";
import { mappedRole, unmappedRoles } from "./succession";
import type { Tools } from "./tools";
import { type Call, parseAttempt } from "./attempt";

/** A mapped group as a caller sees it. */
export interface GroupRoleView {
  readonly environmentId: EnvironmentId;
  readonly organizationId: OrganizationId;
  readonly groupId: GroupId;
  readonly roleSlug: Slug;
  readonly createTime: number;
  readonly updateTime: number;
}

export interface DeleteGroupRole extends OrganizationScope {
  readonly groupId: string;
  readonly requestId?: string | undefined;
}

export interface SetGroupRole extends DeleteGroupRole {
  readonly roleSlug: string;
}

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

/** Maps the groups of identity providers to roles, and gives members the roles of their groups. */
export class GroupRoleService {
  constructor(private readonly tools: Tools) {}

  async setGroupRole(request: SetGroupRole, call: Call): Promise<GroupRoleView> {
    const fields = new Fields();
    const { environmentId, organizationId } = parseOrganizationScope(fields, request);
    const groupId = fields.required<GroupId>("group_id", request.groupId, parseId);
    const slug = fields.required("role_slug", request.roleSlug, parseSlug);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { transactions, clock } = this.tools;
    const time = clock();
    return transactions.inOrganization(environmentId, organizationId, attempt, async (stores, state, organization) => {
      const context = organizationContext(state, organization);
      const role = context.roles.find((other) => other.slug === slug);
      if (!role) throw refuse.roleNotAssignable([slug], ["role_slug"]);
      const before = await findMapped(stores, state, organization, [groupId]);
      const createTime = before[0]?.createTime ?? time;
      const groupRole = { groupId, roleId: role.id, createTime, updateTime: time };
      await stores.groupRoles.put(state.environment.uid, organization.uid, groupRole);
      return viewGroupRole(context, organization, groupRole);
    });
  }

  async deleteGroupRole(request: DeleteGroupRole, call: Call): Promise<object> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const groupId = fields.required<GroupId>("group_id", request.groupId, parseId);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { transactions, clock } = this.tools;
    return transactions.inScope(scope, attempt, async (stores, { state, organization }) => {
      const mapped = organization ? await findMapped(stores, state, organization, [groupId]) : [];
      if (!organization || !mapped.length) throw refuse.groupRoleNotFound(scope.organizationId, groupId);
      const { uid } = state.environment;
      await stores.groupRoles.remove(uid, organization.uid, groupId);
      if (!organization.own) await removeIfEmpty(stores, state, organization, clock());
      return {};
    });
  }

  async listGroupRoles(request: OrganizationScope & PageRequest, { signal }: Call): Promise<Page<GroupRoleView>> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const list = ["ListGroupRoles", scope.environmentId, scope.organizationId];
    const page = parsePage(fields, request, list);
    fields.check();

    const { size, after } = page();
    return this.tools.transactions.read(scope, signal, async (stores, { state, context, organization }) => {
      if (!organization) return { items: [], nextPageToken: "" };
      const found = await stores.groupRoles.list(state.environment.uid, organization.uid, {
        after: after?.key ?? "",
        limit: size + 1,
        without: unmappedRoles(state, organization),
      });
      const { items, nextPageToken } = pageOf(list, found, size, ({ groupId }) => groupId);
      const live = items.flatMap((groupRole) => withLiveRole(state, organization, groupRole));
      return { items: live.map((groupRole) => viewGroupRole(context, organization, groupRole)), nextPageToken };
    });
  }

  async syncMemberGroups(request: SyncMemberGroups, call: Call): Promise<SyncedMember> {
    const fields = new Fields();
    const { environmentId, organizationId } = parseOrganizationScope(fields, request);
    const userId = fields.required<UserId>("user_id", request.userId, parseId);
    const { groupIds, ignoredGroupIds } = parseGroupIds(fields, request.groupIds);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { transactions, clock, digest } = this.tools;
    const time = clock();
    const sync = async (stores: Stores, state: EnvironmentState, organization: OrganizationState) => {
      const { uid, multipleRolesEnabled, revision: asOfRevision } = state.environment;
      const context = organizationContext(state, organization);
      const mapped = (await findMapped(stores, state, organization, groupIds)).map(({ roleId }) => roleId);
      const roles = mapped.length ? rolesInOrder(context, mapped) : [context.defaultRole];
      const roleIds = roles.slice(0, multipleRolesEnabled ? undefined : 1).map(({ id }) => id);
      const before = await findMember(stores, state, organization, userId);
      const createTime = before?.createTime ?? time;
      const membership = {
        organizationUid: organization.uid,
        userId,
        roleIds,
        asOfRevision,
        createTime,
        updateTime: time,
      };
      await stores.memberships.put(uid, [membership]);
      return viewMembership(digest, context, state, organization, membership);
    };
    // the ignored ids are the same for the same request: they need no place in its stored answer
    return {
      membership: await transactions.inOrganization(environmentId, organizationId, attempt, sync),
      ignoredGroupIds,
    };
  }
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
      else ignoredGroupIds.push(shownId(text));
    }
  return { groupIds, ignoredGroupIds };
}

/** An id that breaks the rule for ids, cut where it is very long. */
function shownId(text: string): string {
  const most = limits.ignoredGroupIdLength;
  if (text.length <= most) return text;
  const characters = Array.from(text.slice(0, 2 * most + 1));
  return characters.length <= most ? text : `${characters.slice(0, most).join("")}…`;
}

/** The groups that are mapped to a live role, with that role. */
async function findMapped(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
  groupIds: readonly GroupId[],
): Promise<GroupRole[]> {
  const stored = await stores.groupRoles.find(state.environment.uid, organization.uid, groupIds);
  return stored.flatMap((groupRole) => withLiveRole(state, organization, groupRole));
}

function withLiveRole(state: EnvironmentState, organization: OrganizationState, groupRole: GroupRole): GroupRole[] {
  const roleId = mappedRole(state, organization, groupRole.roleId);
  return roleId ? [{ ...groupRole, roleId }] : [];
}

function viewGroupRole(context: Context, organization: OrganizationState, groupRole: GroupRole): GroupRoleView {
  const { groupId, createTime, updateTime } = groupRole;
  const [{ slug: roleSlug }] = rolesInOrder(context, [groupRole.roleId]);
  return {
    environmentId: context.environmentId,
    organizationId: organization.id,
    groupId,
    roleSlug,
    createTime,
    updateTime,
  };
}
