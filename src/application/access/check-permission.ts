import { type CheckView, checkAccess } from "../../domain/access-check";
import type { Refusal } from "../../domain/errors";
import { type PermissionSlug, parsePermissionSlug } from "../../domain/values";
import { mapInSlices } from "../../event-loop/time-slices";
import type { Dependencies } from "../dependencies";
import type { MemberScope } from "../memberships/member";
import type { ReadSnapshot } from "../reads/read-snapshot";
import { Fields } from "../request/fields";
import { parseEnvironmentId } from "../request/scope";
import { type Member, accessIn, parseMember } from "./member-access";

export interface CheckPermission extends MemberScope {
  readonly permission: string;
}

export interface BatchCheckPermissions {
  readonly environmentId: string;
  readonly checks: readonly Omit<CheckPermission, "environmentId">[];
}

interface Check extends Member {
  readonly permission: PermissionSlug;
}

export async function checkPermission(dependencies: Dependencies, request: CheckPermission): Promise<CheckView> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const wanted = parseCheck(fields, request);
  fields.check();

  return checkIn(await dependencies.snapshots.read(environmentId, [wanted]), wanted);
}

/** One result for each check, in their order: the answer, or why there is none. */
export async function batchCheckPermissions(
  dependencies: Dependencies,
  request: BatchCheckPermissions,
): Promise<(CheckView | Refusal)[]> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const checks = fields.batch("checks", request.checks);
  fields.check();

  const parsed = await mapInSlices(checks, (one) => {
    const own = new Fields();
    const wanted = parseCheck(own, one);
    return own.refusal() ?? wanted;
  });
  const snapshot = await dependencies.snapshots.read(
    environmentId,
    parsed.filter((one): one is Check => !(one instanceof Error)),
  );
  return mapInSlices(parsed, (one) => (one instanceof Error ? one : checkIn(snapshot, one)));
}

function checkIn(snapshot: ReadSnapshot, wanted: Check): CheckView {
  const { access, roles } = accessIn(snapshot, wanted);
  return checkAccess(access, roles, wanted.permission);
}

function parseCheck(fields: Fields, request: Omit<CheckPermission, "environmentId">): Check {
  const { organizationId, userId } = parseMember(fields, request);
  const permission = fields.required("permission", request.permission, parsePermissionSlug);
  return { organizationId, userId, permission };
}
