import { refuse } from "./errors";
import { Fault } from "./fault";
import { type EnvironmentId, Fields, type OrganizationId, type UserId, parseEtag, parseId } from "./fields";
import type { RoleId } from "./ids";
import { limits } from "./limits";
import {
  type MembershipView,
  assignableRoles,
  byKey,
  countRoles,
  findMember,
  membershipEtag,
  viewMembership,
} from "./membership";
import { type Page, type PageRequest, pageOf, parsePage } from "./page";
import { organizationContext } from "./role-config";
import { type OrganizationScope, effectiveRole, parseEnvironmentId, parseOrganizationScope } from "./scope";
import { removeIfEmpty } from "./settlement";
import { Portions, mapInSlices } from "./slices";
import { type Slug, parseSlug } from "./slug";
import type { EnvironmentState, Membership, OrganizationState } from "./state";
import type { Stores } from "./stores";
import { goneRoles, heldRoles } from "./succession";
import type { Tools } from "./tools";
import { type Call, type Attempt, parseAttempt } from "./attempt";

export interface MemberScope extends OrganizationScope {
  readonly userId: string;
}

export interface SetMemberRoles extends MemberScope {
  readonly roleSlugs: readonly string[];
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface BatchSetMemberRoles {
  readonly environmentId: string;
  readonly memberships: readonly Omit<SetMemberRoles, "environmentId" | "etag" | "requestId">[];
  readonly requestId?: string | undefined;
}

export interface DeleteMembership extends MemberScope {
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface ListMemberships extends OrganizationScope, PageRequest {
  readonly roleSlug?: string | undefined;
}

/** A member that is to have these roles. */
interface Wanted {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly slugs: readonly Slug[];
  /** The request's path of `slugs`. */
  readonly field: string;
}

/** Gives users roles in organizations, and tells which they have. */
export class MembershipService {
  constructor(private readonly tools: Tools) {}

  async setMemberRoles(request: SetMemberRoles, call: Call): Promise<MembershipView> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const wanted = parseWanted(fields, request, "");
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const [membership] = await this.set(environmentId, [wanted], attempt, etag);
    if (!membership) throw new Fault("a membership was set and not answered");
    return membership;
  }

  async batchSetMemberRoles(request: BatchSetMemberRoles, call: Call): Promise<MembershipView[]> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const memberships = fields.batch("memberships", request.memberships);
    const wanted = await mapInSlices(memberships, (membership, index) =>
      parseWanted(fields, membership, `memberships[${index}].`),
    );
    const seen = new Set<string>();
    wanted.forEach(({ organizationId, userId }, index) => {
      if (!organizationId || !userId) return; // refused already
      const key = `${organizationId} ${userId}`;
      if (seen.has(key)) fields.refuse(`memberships[${index}].user_id`, "must not repeat a membership of the batch");
      seen.add(key);
    });
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    return this.set(environmentId, wanted, attempt);
  }

  private set(
    environmentId: EnvironmentId,
    wanted: readonly Wanted[],
    attempt: Attempt,
    etag?: string,
  ): Promise<MembershipView[]> {
    const { transactions, clock } = this.tools;
    const time = clock();
    const organizationIds = wanted.map(({ organizationId }) => organizationId);
    return transactions.inOrganizations(
      environmentId,
      organizationIds,
      attempt,
      async (stores, state, organizationOf) => {
        const ids = [...new Set(organizationIds)];
        const made = await mapInSlices(ids, (id) => [id, this.home(state, organizationOf(id))] as const);
        const homes = new Map(made);
        const members = wanted.flatMap((member) => {
          const home = homes.get(member.organizationId);
          return home ? [{ ...member, ...home, organizationUid: home.organization.uid }] : [];
        });
        const roleIds = await assignableRoles(state, members);
        const { uid, revision: asOfRevision } = state.environment;
        const present = byKey(await stores.memberships.find(uid, members));
        const memberships = members.map(({ organizationUid, userId }, index): Membership => {
          const createTime = present({ organizationUid, userId })?.createTime ?? time;
          return { organizationUid, userId, roleIds: roleIds[index] ?? [], asOfRevision, createTime, updateTime: time };
        });
        const [only] = members;
        if (etag && only) this.checkEtag(state, only.organization, only.userId, present(only), etag);
        await stores.memberships.put(uid, memberships);
        return mapInSlices(members, ({ view }, index) => view(memberships[index] as Membership));
      },
    );
  }

  async getMembership(request: MemberScope): Promise<MembershipView> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const userId = fields.required<UserId>("user_id", request.userId, parseId);
    fields.check();

    const { environmentId, organizationId } = scope;
    const moment = await this.tools.snapshots.moment(environmentId, [{ organizationId, userId }]);
    const { state: organization } = moment.organization(organizationId);
    const membership = moment.member(organizationId, userId);
    if (!organization || !membership) throw refuse.membershipNotFound(organizationId, userId);
    return this.home(moment.state, organization).view(membership);
  }

  async deleteMembership(request: DeleteMembership, call: Call): Promise<object> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const userId = fields.required<UserId>("user_id", request.userId, parseId);
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { transactions, clock } = this.tools;
    return transactions.inScope(scope, attempt, async (stores, { state, organization }) => {
      const membership = await findMember(stores, state, organization, userId);
      if (!organization || !membership) throw refuse.membershipNotFound(scope.organizationId, userId);
      if (etag) this.checkEtag(state, organization, userId, membership, etag);
      const { uid } = state.environment;
      await stores.memberships.remove(uid, membership);
      if (!organization.own) await removeIfEmpty(stores, state, organization, clock());
      return {};
    });
  }

  async listMemberships(request: ListMemberships, { signal }: Call): Promise<Page<MembershipView>> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const roleSlug = fields.optional("role_slug", request.roleSlug, parseSlug);
    const list = ["ListMemberships", scope.environmentId, scope.organizationId, roleSlug ?? ""];
    const page = parsePage(fields, request, list);
    fields.check();

    const { size, after } = page();
    return this.tools.transactions.read(scope, signal, async (stores, { state, context, organization }) => {
      const roleId = roleSlug && effectiveRole(context, roleSlug).id;
      if (!organization) return { items: [], nextPageToken: "" };
      const { found, cut } = await membersBehind(stores, state, organization, roleId, after?.key ?? "", size + 1);
      const { items, nextPageToken } = pageOf(list, found, cut ? found.length - 1 : size, ({ userId }) => userId);
      return { items: await mapInSlices(items, this.home(state, organization).view), nextPageToken };
    });
  }

  private home(state: EnvironmentState, organization: OrganizationState) {
    const context = organizationContext(state, organization);
    const view = (membership: Membership) =>
      viewMembership(this.tools.digest, context, state, organization, membership);
    return { organization, context, view };
  }

  private checkEtag(
    state: EnvironmentState,
    organization: OrganizationState,
    userId: UserId,
    membership: Membership | undefined,
    etag: string,
  ): void {
    if (!membership) throw refuse.membershipNotFound(organization.id, userId);
    const held = heldRoles(state, organization, membership);
    if (etag !== membershipEtag(this.tools.digest, membership, held)) throw refuse.etagMismatch(etag);
  }
}

function parseWanted(fields: Fields, request: BatchSetMemberRoles["memberships"][number], path: string): Wanted {
  const field = `${path}role_slugs`;
  return {
    organizationId: fields.required<OrganizationId>(`${path}organization_id`, request.organizationId, parseId),
    userId: fields.required<UserId>(`${path}user_id`, request.userId, parseId),
    slugs: fields.list(field, request.roleSlugs, parseSlug),
    field,
  };
}

/**
 * The members behind a user, with a role those who have it: as many as there are up to the limit, or fewer, `cut` where
 * their roles are very many.
 */
async function membersBehind(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
  roleId: RoleId | undefined,
  after: string,
  limit: number,
): Promise<{ readonly found: Membership[]; readonly cut: boolean }> {
  const { uid } = state.environment;
  const gone = roleId ? goneRoles(state, [...organization.replaced.keys()]) : [];
  const roleIds = roleId && [roleId, ...(await stores.memberships.stored(uid, organization.uid, gone))];
  const found: Membership[] = [];
  const portions = new Portions();
  let references = 0;
  for (let last = after; ; ) {
    const size = Math.min(limit, portions.size);
    const candidates = await stores.memberships.list(uid, organization.uid, { after: last, roleIds, limit: size });
    const rows = countRoles(candidates);
    portions.had(candidates.length, rows);
    found.push(
      ...(roleId ? candidates.filter((member) => heldRoles(state, organization, member).includes(roleId)) : candidates),
    );
    references += rows;
    last = candidates.at(-1)?.userId ?? "";
    if (found.length >= limit || candidates.length < size) return { found: found.slice(0, limit), cut: false };
    if (references > limits.pageRoleReferences && found.length > 1) return { found, cut: true };
  }
}
