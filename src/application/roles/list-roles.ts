import type { EffectiveAccess } from "../../domain/effective-access";
import { type RoleConfigView, viewConfig, viewRole } from "../../domain/effective-roles";
import type { RoleView } from "../../domain/role";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Page, type PagePosition, type PageRequest, encodeToken, parsePage } from "../request/page";
import { type OrganizationScope, type ParsedScope, parseEnvironmentId, parseOrganizationScope } from "../request/scope";
import { readEffectiveAccess } from "./get-role";
import { firstPage, positionAfter } from "./role-page";

export interface RolePage extends Page<RoleView> {
  readonly config: RoleConfigView;
}

/** Whole lists, made once for as long as what they show holds. */
const wholeLists = new WeakMap<EffectiveAccess, RolePage>();

export async function listEnvironmentRoles(
  dependencies: Dependencies,
  request: { readonly environmentId: string } & PageRequest,
): Promise<RolePage> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const list = ["ListEnvironmentRoles", environmentId];
  const page = parsePage(fields, request, list);
  fields.check();
  return listRoles(dependencies, list, page(), { environmentId, organizationId: undefined });
}

export async function listOrgRoles(
  dependencies: Dependencies,
  request: OrganizationScope & PageRequest,
): Promise<RolePage> {
  const fields = new Fields();
  const scope = parseOrganizationScope(fields, request);
  const list = ["ListOrgRoles", scope.environmentId, scope.organizationId];
  const page = parsePage(fields, request, list);
  fields.check();
  return listRoles(dependencies, list, page(), scope);
}

async function listRoles(
  dependencies: Dependencies,
  list: readonly string[],
  { size, after }: PagePosition,
  scope: ParsedScope,
): Promise<RolePage> {
  const access = await readEffectiveAccess(dependencies, scope);
  const { effective } = access;
  const { digest } = dependencies;
  const whole = !after && size >= effective.roles.length;
  const made = whole ? wholeLists.get(access) : undefined;
  if (made) return made;
  const start = after ? positionAfter(effective.roles, after) : 0;
  const items = await firstPage(effective.roles.slice(start, start + size), (role) =>
    viewRole(digest, effective, role, access.permissionsOf(role.id)),
  );
  const end = start + items.length;
  const last = items.at(-1);
  const nextPageToken = last && end < effective.roles.length ? encodeToken(list, { key: last.id, position: end }) : "";
  const page = { items, nextPageToken, config: viewConfig(digest, effective) };
  if (whole && !nextPageToken) wholeLists.set(access, page);
  return page;
}
