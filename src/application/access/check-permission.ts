import { type CheckView, checkAccess } from "../../domain/access-check";
import { type PermissionSlug, parsePermissionSlug } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import type { MemberScope } from "../memberships/member";
import type { ReadSnapshot } from "../reads/read-snapshot";
import { Fields } from "../request/fields";
import { parseEnvironmentId } from "../request/scope";
import { type Member, resolveMemberAccess, parseMember } from "./member-access";

export interface CheckPermission extends MemberScope {
  readonly permission: string;
}

export interface Check extends Member {
  readonly permission: PermissionSlug;
}

/** Returns whether a user has a permission, and why. A user who is no member does not have it. */
export async function checkPermission(dependencies: Dependencies, request: CheckPermission): Promise<CheckView> {
  const fields = new Fields();
  const check = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    ...parseCheck(fields, request),
  });

  return checkInSnapshot(await dependencies.snapshots.read(check.environmentId, [check]), check);
}

export function checkInSnapshot(snapshot: ReadSnapshot, check: Check): CheckView {
  const { access, roles } = resolveMemberAccess(snapshot, check);
  return checkAccess(access, roles, check.permission);
}

/** Parses the fields of one check, to be checked with the others of the request. */
export function parseCheck(fields: Fields, request: Omit<CheckPermission, "environmentId">) {
  const { organizationId, userId } = parseMember(fields, request);
  return {
    organizationId,
    userId,
    permission: fields.required("permission", request.permission, parsePermissionSlug),
  };
}
