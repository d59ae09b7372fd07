import { type AccessView, type CheckView, accessOf, check } from "./access";
import { type Refusal, refuse } from "./errors";
import { Fields, type OrganizationId, type PermissionSlug, type UserId, parseId, parsePermissionSlug } from "./fields";
import { rolesInOrder } from "./membership";
import type { MemberScope } from "./membership-service";
import type { Role } from "./role";
import { parseEnvironmentId } from "./scope";
import { mapInSlices } from "./slices";
import type { Holding, Moment } from "./snapshots";
import { heldRoles } from "./succession";
import type { Tools } from "./tools";

export interface CheckPermission extends MemberScope {
  readonly permission: string;
}

export interface BatchCheckPermissions {
  readonly environmentId: string;
  readonly checks: readonly Omit<CheckPermission, "environmentId">[];
}

interface Member {
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
}

interface Check extends Member {
  readonly permission: PermissionSlug;
}

/** Answers what users may do. */
export class AccessService {
  constructor(private readonly tools: Tools) {}

  async getAccess(request: MemberScope): Promise<AccessView> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const member = parseMember(fields, request);
    fields.check();

    const moment = await this.tools.snapshots.moment(environmentId, [member]);
    const { holding, roles } = accessIn(moment, member);
    const [primary, ...others] = roles;
    if (!primary) throw refuse.membershipNotFound(member.organizationId, member.userId);
    return accessOf(holding, [primary, ...others]);
  }

  async checkPermission(request: CheckPermission): Promise<CheckView> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const wanted = parseCheck(fields, request);
    fields.check();

    return checkIn(await this.tools.snapshots.moment(environmentId, [wanted]), wanted);
  }

  /** One result for each check, in their order: the answer, or why there is none. */
  async batchCheckPermissions(request: BatchCheckPermissions): Promise<(CheckView | Refusal)[]> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const checks = fields.batch("checks", request.checks);
    fields.check();

    const parsed = await mapInSlices(checks, (one) => {
      const own = new Fields();
      const wanted = parseCheck(own, one);
      return own.refusal() ?? wanted;
    });
    const moment = await this.tools.snapshots.moment(
      environmentId,
      parsed.filter((one): one is Check => !(one instanceof Error)),
    );
    return mapInSlices(parsed, (one) => (one instanceof Error ? one : checkIn(moment, one)));
  }
}

function checkIn(moment: Moment, wanted: Check): CheckView {
  const { holding, roles } = accessIn(moment, wanted);
  return check(holding, roles, wanted.permission);
}

/** What holds in the member's organization, and the roles it has there in order; none where it is no member. */
function accessIn(moment: Moment, { organizationId, userId }: Member): { holding: Holding; roles: readonly Role[] } {
  const { state, holding } = moment.organization(organizationId);
  const member = moment.member(organizationId, userId);
  if (!state || !member) return { holding, roles: [] };
  return { holding, roles: rolesInOrder(holding.context, heldRoles(moment.state, state, member)) };
}

function parseMember(fields: Fields, request: Omit<MemberScope, "environmentId">): Member {
  return {
    organizationId: fields.required<OrganizationId>("organization_id", request.organizationId, parseId),
    userId: fields.required<UserId>("user_id", request.userId, parseId),
  };
}

function parseCheck(fields: Fields, request: Omit<CheckPermission, "environmentId">): Check {
  const { organizationId, userId } = parseMember(fields, request);
  const permission = fields.required("permission", request.permission, parsePermissionSlug);
  return { organizationId, userId, permission };
}
