import { type CheckView, checkAccess } from "../../domain/access-check";
import { type PermissionSlug, parsePermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { type MembershipExpectation, checkExpectation } from "../memberships/expectation";
import { type MemberScope, parseUserId } from "../memberships/member";
import type { ReadSnapshot } from "../reads/read-snapshot";
import { type Invalid, Fields } from "../request/fields";
import { parseEnvironmentId, parseOrganizationId } from "../request/scope";
import { type Member, resolveMemberAccess } from "./member-access";

export interface CheckPermission extends MemberScope {
  readonly permission: string;
  /** The membership that must be there. Absent: a user who is no member is refused the permission. */
  readonly expected?: MembershipExpectation | undefined;
}

export interface Check extends Member {
  readonly permission: PermissionSlug;
}

/**
 * Returns whether a user has a permission, and why. A user who is no member does not have it. Throws MEMBERSHIP_NOT_FOUND if
 * another membership is expected than the one that is there.
 */
export async function checkPermission(dependencies: Dependencies, request: CheckPermission): Promise<CheckView> {
  const fields = new Fields();
  const { environmentId, check } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    check: parseCheck(fields, request),
  });

  const snapshot = await dependencies.snapshots.read(environmentId, [check]);
  const { organizationId, userId } = check;
  if (request.expected)
    checkExpectation(request.expected, snapshot.member(organizationId, userId), organizationId, userId);
  return checkInSnapshot(snapshot, check);
}

export function checkInSnapshot(snapshot: ReadSnapshot, check: Check): CheckView {
  const { access, roles } = resolveMemberAccess(snapshot, check);
  return checkAccess(access, roles, check.permission);
}

export function parseCheck(fields: Fields, request: Omit<CheckPermission, "environmentId">): Check | Invalid {
  return fields.group({
    organizationId: parseOrganizationId(fields, request),
    userId: parseUserId(fields, request),
    permission: fields.required("permission", request.permission, parsePermissionSlug),
  });
}
