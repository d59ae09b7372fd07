import { Fault } from "../../domain/fault";
import { type Membership, byKey } from "../../domain/membership";
import type { MembershipView } from "../../domain/membership-view";
import { type Slug, parseSlug } from "../../domain/slug";
import { type EnvironmentId, type OrganizationId, type UserId, parseEtag, parseId } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Call, type WriteContext, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { assignableRoles } from "./assignable-roles";
import { type MemberScope, checkMembershipEtag, inOrganization } from "./member";

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

/** A member that is to have these roles. */
interface WantedMember {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  readonly slugs: readonly Slug[];
  /** The request's path of `slugs`. */
  readonly field: string;
}

export async function setMemberRoles(
  dependencies: Dependencies,
  request: SetMemberRoles,
  call: Call,
): Promise<MembershipView> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const wanted = parseWanted(fields, request, "");
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const [membership] = await setRoles(dependencies, environmentId, [wanted], context, etag);
  if (!membership) throw new Fault("a membership was set and not answered");
  return membership;
}

export async function batchSetMemberRoles(
  dependencies: Dependencies,
  request: BatchSetMemberRoles,
  call: Call,
): Promise<MembershipView[]> {
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
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  return setRoles(dependencies, environmentId, wanted, context);
}

function setRoles(
  dependencies: Dependencies,
  environmentId: EnvironmentId,
  wanted: readonly WantedMember[],
  context: WriteContext,
  etag?: string,
): Promise<MembershipView[]> {
  const { transactions, clock } = dependencies;
  const time = clock();
  const organizationIds = wanted.map(({ organizationId }) => organizationId);
  return transactions.upsertOrganizations(
    environmentId,
    organizationIds,
    context,
    async (stores, state, organizationOf) => {
      const ids = [...new Set(organizationIds)];
      const made = await mapInSlices(
        ids,
        (id) => [id, inOrganization(dependencies, state, organizationOf(id))] as const,
      );
      const homes = new Map(made);
      const members = wanted.flatMap((member) => {
        const home = homes.get(member.organizationId);
        return home ? [{ ...member, ...home, organizationUid: home.organization.uid }] : [];
      });
      const roleIds = await assignableRoles(state, members);
      const { uid, revision: materializedAtRevision } = state.environment;
      const present = byKey(await stores.memberships.find(uid, members));
      const memberships = members.map(({ organizationUid, userId }, index): Membership => {
        const createTime = present({ organizationUid, userId })?.createTime ?? time;
        return {
          organizationUid,
          userId,
          roleIds: roleIds[index] ?? [],
          materializedAtRevision,
          createTime,
          updateTime: time,
        };
      });
      const [only] = members;
      if (etag && only) checkMembershipEtag(dependencies, state, only.organization, only.userId, present(only), etag);
      await stores.memberships.put(uid, memberships);
      return mapInSlices(members, ({ view }, index) => view(memberships[index] as Membership));
    },
  );
}

function parseWanted(fields: Fields, request: BatchSetMemberRoles["memberships"][number], path: string): WantedMember {
  const field = `${path}role_slugs`;
  return {
    organizationId: fields.required<OrganizationId>(`${path}organization_id`, request.organizationId, parseId),
    userId: fields.required<UserId>(`${path}user_id`, request.userId, parseId),
    slugs: fields.list(field, request.roleSlugs, parseSlug),
    field,
  };
}
