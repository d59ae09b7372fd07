import { type AccessView, viewAccess } from "../../domain/access-check";
import { refuse } from "../../domain/errors";
import type { Dependencies } from "../dependencies";
import { type MemberScope, parseUserId } from "../memberships/member";
import { Fields } from "../request/fields";
import { parseEnvironmentId, parseOrganizationId } from "../request/scope";
import { resolveMemberAccess } from "./member-access";

/** Returns the roles and permissions of a member. Throws MEMBERSHIP_NOT_FOUND. */
export async function getAccess(dependencies: Dependencies, request: MemberScope): Promise<AccessView> {
  const fields = new Fields();
  const member = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    organizationId: parseOrganizationId(fields, request),
    userId: parseUserId(fields, request),
  });

  const snapshot = await dependencies.snapshots.read(member.environmentId, [member]);
  const { access, roles } = resolveMemberAccess(snapshot, member);
  const [primary, ...others] = roles;
  if (!primary) throw refuse.membershipNotFound(member.organizationId, member.userId);
  return viewAccess(access, [primary, ...others]);
}
