import type { EffectiveAccess } from "../../domain/effective-access";
import { type RoleConfigView, viewConfig, viewRole } from "../../domain/effective-roles";
import { memoizeByIdentity } from "../../domain/memoize-by-identity";
import type { Role, RoleView } from "../../domain/role";
import type { Dependencies } from "../dependencies";
import type { CallSignal } from "../ports/cancellation";
import { readEffectiveAccess } from "../reads/read-effective-access";
import { type Cursor, type Page, encodeToken } from "../request/page";
import type { ParsedScope } from "../request/scope";
import { positionAfter, viewFirstPage } from "./role-page";

export interface RolePage extends Page<RoleView> {
  readonly config: RoleConfigView;
}

interface RolePageRequest {
  /** The name of the RPC and its scope. */
  readonly list: readonly string[];
  readonly pageSize: number;
  readonly after: Cursor | undefined;
  readonly signal: CallSignal | undefined;
}

/** Returns a page of the roles in force in a scope, and the configuration of the same snapshot. */
export async function listRoles(
  dependencies: Dependencies,
  scope: ParsedScope,
  request: RolePageRequest,
): Promise<RolePage> {
  const access = await readEffectiveAccess(dependencies, scope);
  const isWhole = !request.after && request.pageSize >= access.effective.roles.length;
  if (!isWhole) return viewPage(dependencies, access, request);
  const memo = memoOf(access);
  if (memo.wholeList) return memo.wholeList;
  const page = await viewPage(dependencies, access, request);
  if (!page.nextPageToken) memo.wholeList = page;
  return page;
}

/**
 * The list of all roles, which is the same for every caller as long as the access is in force. Its plain twin is
 * `viewPage`, which takes a millisecond for 200 roles. Responses are encoded once for each such list.
 */
const memoOf = memoizeByIdentity((_: EffectiveAccess): { wholeList?: RolePage } => ({}));

async function viewPage(
  { digest }: Dependencies,
  access: EffectiveAccess,
  { list, pageSize, after, signal }: RolePageRequest,
): Promise<RolePage> {
  const { effective } = access;
  const start = after ? positionAfter(effective.roles, after) : 0;
  const roles = effective.roles.slice(start, start + pageSize);
  const view = (role: Role) => viewRole(digest, effective, role, access.permissionsOf(role.id));
  const items = await viewFirstPage(roles, view, signal);
  const end = start + items.length;
  const last = items.at(-1);
  const nextPageToken = last && end < effective.roles.length ? encodeToken(list, { key: last.id, position: end }) : "";
  return { items, nextPageToken, config: viewConfig(digest, effective) };
}
