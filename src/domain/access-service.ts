import { type AccessView, type CheckView, type Grants, accessOf, check, permissionUnknown } from "./access";
import { type Refusal, refuse } from "./errors";
import {
  type EnvironmentId,
  Fields,
  type OrganizationId,
  type PermissionSlug,
  type UserId,
  parseId,
  parsePermissionSlug,
} from "./fields";
import { byKey, rolesInOrder } from "./membership";
import type { MemberScope } from "./membership-service";
import type { Role } from "./role";
import { organizationContext } from "./role-config";
import { parseEnvironmentId } from "./scope";
import type { EnvironmentState, Membership, OrganizationState } from "./state";
import type { Stores } from "./stores";
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

    return this.read(environmentId, [member], async (_, access) => {
      const { grants, roles } = access(member);
      const [primary, ...others] = roles;
      if (!primary) throw refuse.membershipNotFound(member.organizationId, member.userId);
      return accessOf(grants, [primary, ...others]);
    });
  }

  async checkPermission(request: CheckPermission): Promise<CheckView> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const wanted = parseCheck(fields, request);
    fields.check();

    const [result] = await this.check(environmentId, [wanted]);
    if (!result) throw new Error("a check was made and not answered");
    return result;
  }

  /** One result for each check, in their order: the answer, or why there is none. */
  async batchCheckPermissions(request: BatchCheckPermissions): Promise<(CheckView | Refusal)[]> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const checks = fields.batch("checks", request.checks);
    fields.check();

    const parsed = checks.map((one) => {
      const own = new Fields();
      const wanted = parseCheck(own, one);
      return own.refusal() ?? wanted;
    });
    const answers = await this.check(
      environmentId,
      parsed.filter((one): one is Check => !(one instanceof Error)),
    );
    const next = answers.values();
    return parsed.flatMap((one) => (one instanceof Error ? one : (next.next().value ?? [])));
  }

  private check(environmentId: EnvironmentId, checks: readonly Check[]): Promise<CheckView[]> {
    return this.read(environmentId, checks, async (stores, access, { environment }) => {
      const asked = [...new Set(checks.map(({ permission }) => permission))];
      const known = await stores.permissions.idsOf(environment.uid, asked);
      return checks.map((one) => {
        if (!known.has(one.permission)) return permissionUnknown;
        const { grants, roles } = access(one);
        return check(grants, roles, one.permission);
      });
    });
  }

  /** One consistent state of several members: what each one's organization grants, and the roles it has in order. */
  private read<T>(
    environmentId: EnvironmentId,
    members: readonly Member[],
    work: (
      stores: Stores,
      access: (member: Member) => { grants: Grants; roles: readonly Role[] },
      state: EnvironmentState,
    ) => Promise<T>,
  ): Promise<T> {
    const organizationIds = members.map(({ organizationId }) => organizationId);
    return this.tools.transactions.readOrganizations(environmentId, organizationIds, async (stores, state, found) => {
      const { uid } = state.environment;
      const permissions = await stores.roles.permissionsOf(uid, ["", ...found.keys()]);
      const grants = new Map(
        [undefined, ...found.values()].map((organization) => [
          organization?.id,
          { context: organizationContext(state, organization), permissions },
        ]),
      );
      const keys = members.flatMap(({ organizationId, userId }) => {
        const organization = found.get(organizationId);
        return organization ? [{ organizationUid: organization.uid, userId }] : [];
      });
      const stored = byKey(await stores.memberships.find(uid, keys));
      const access = ({ organizationId, userId }: Member) => {
        const organization = found.get(organizationId);
        const home = grants.get(organization?.id) as Grants;
        const member = organization && stored({ organizationUid: organization.uid, userId });
        return { grants: home, roles: member ? rolesOf(state, organization, home, member) : [] };
      };
      return work(stores, access, state);
    });
  }
}

function rolesOf(state: EnvironmentState, organization: OrganizationState, { context }: Grants, member: Membership) {
  return rolesInOrder(context, heldRoles(state, organization, member));
}

function parseMember(fields: Fields, request: Omit<MemberScope, "environmentId">): Member {
  return {
    organizationId: fields.required<OrganizationId>("organization_id", request.organizationId, parseId),
    userId: fields.required<UserId>("user_id", request.userId, parseId),
  };
}

function parseCheck(fields: Fields, request: Omit<CheckPermission, "environmentId">): Check {
  return {
    ...parseMember(fields, request),
    permission: fields.required("permission", request.permission, parsePermissionSlug),
  };
}
