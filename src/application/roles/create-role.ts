import { addCustomRole, environmentRoles, idsOf, organizationRoles, viewRole } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import { roleChange, roleConfigChange } from "../../domain/event";
import type { EnvironmentUid } from "../../domain/ids";
import { type Role, type RoleView, environmentOwner } from "../../domain/role";
import { type Slug, generateSlug, parseCustomSlug, parseEnvironmentSlug } from "../../domain/slug";
import {
  type EnvironmentId,
  type Parse,
  type PermissionSlug,
  parseDescription,
  parseName,
  parsePermissionSlug,
} from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { type Stores, KeyTaken } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, type WriteContext, parseWriteContext } from "../request/idempotency";
import { type ParsedOrganizationScope, type Scope, parseScope } from "../request/scope";
import { checkPermissionQuota, findPermissionIds } from "./role-permissions";

export interface CreateRole extends Scope {
  readonly slug?: string | undefined;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly requestId?: string | undefined;
}

/** A role before the transaction that inserts it. */
interface NewRole {
  readonly draft: Omit<Role, "organizationId" | "createdRevision">;
  readonly permissions: readonly PermissionSlug[];
}

/** Tries to generate a slug that no role has; two taken ones in a row are already a matter of years. */
const generatedSlugTries = 8;

/**
 * Creates an environment role, or a custom role in the scope of an organization. Throws ROLE_SLUG_TAKEN,
 * ROLE_LIMIT_REACHED, PERMISSION_UNKNOWN and PERMISSION_LIMIT_REACHED. Locks the scope; creates the row of an
 * organization that has none, and locks the roles of all members for the first custom role of one that has.
 */
export function createRole(dependencies: Dependencies, request: CreateRole, call: Call): Promise<RoleView> {
  return createRoleWithSlug(dependencies, request, call, parseCustomSlug);
}

/** Creates a role, a custom one with a slug that the given rule allows. */
export async function createRoleWithSlug(
  dependencies: Dependencies,
  request: CreateRole,
  call: Call,
  parseSlugOfCustomRole: Parse<Slug>,
): Promise<RoleView> {
  const fields = new Fields();
  const { scope, slug, name, description, permissions, context } = fields.check({
    scope: parseScope(fields, request),
    slug:
      request.organizationId !== undefined
        ? fields.optional("slug", request.slug, parseSlugOfCustomRole)
        : fields.required("slug", request.slug, parseEnvironmentSlug),
    name: fields.required("name", request.name, parseName),
    description: fields.required("description", request.description, parseDescription),
    permissions: fields.set("permissions", request.permissions, parsePermissionSlug),
    context: parseWriteContext(fields, request, call),
  });
  checkPermissionQuota(dependencies, slug ?? name, permissions.length);

  const { environmentId, organizationId } = scope;
  const time = dependencies.clock();
  for (let tries = 1; tries <= generatedSlugTries; tries += 1) {
    const id = dependencies.ids.role();
    const draft = { id, slug: slug ?? generateSlug(name, id), name, description, createTime: time, updateTime: time };
    const role = { draft, permissions };
    try {
      return await (organizationId
        ? createCustomRole(dependencies, { environmentId, organizationId }, role, context)
        : createEnvironmentRole(dependencies, environmentId, role, context));
    } catch (error) {
      if (!(error instanceof KeyTaken)) throw error;
      if (slug) throw refuse.roleSlugTaken(slug);
    }
  }
  throw refuse.conflictRetry();
}

function createEnvironmentRole(
  { transactions, quotas, digest }: Dependencies,
  environmentId: EnvironmentId,
  { draft, permissions }: NewRole,
  context: WriteContext,
): Promise<RoleView> {
  return transactions.updateEnvironment(environmentId, context, async (stores, changes, state) => {
    const { environment, roles } = state;
    const effective = environmentRoles(state);
    if (effective.roles.length >= quotas.environmentRoles)
      throw refuse.roleLimitReached(`environments/${environmentId}`, quotas.environmentRoles);
    const role: Role = { organizationId: environmentOwner, createdRevision: environment.revision, ...draft };
    const order = [...idsOf(effective.roles), role.id];
    await insertRole(stores, environment.uid, role, permissions);
    await stores.environments.update(environment.uid, { order });
    const after = { ...state, environment: { ...environment, order }, roles: new Map(roles).set(role.id, role) };
    const view = viewRole(digest, environmentRoles(after), role, permissions.toSorted());
    changes.add({ environment }, roleChange(undefined, view));
    return view;
  });
}

function createCustomRole(
  { transactions, quotas, digest }: Dependencies,
  scope: ParsedOrganizationScope,
  { draft, permissions }: NewRole,
  context: WriteContext,
): Promise<RoleView> {
  const { organizationId } = scope;
  return transactions.upsertMaterializedOrganization(scope, context, async (stores, changes, state, organization) => {
    const { environment } = state;
    const { uid } = environment;
    if (organization.customRoles.length >= quotas.customRoles)
      throw refuse.roleLimitReached(`organizations/${organizationId}`, quotas.customRoles);
    const role: Role = { organizationId, createdRevision: organization.revision, ...draft };
    const { own, effective } = addCustomRole(role, state, organization);
    await insertRole(stores, uid, role, permissions);
    await stores.organizations.saveOwn(uid, organizationId, own);
    const view = viewRole(digest, effective, role, permissions.toSorted());
    changes.add({ environment, organization }, roleChange(undefined, view));
    if (!organization.own) {
      const inherited = organizationRoles(state, organization);
      changes.add({ environment, organization }, roleConfigChange("updated", digest, inherited, effective));
    }
    return view;
  });
}

async function insertRole(
  stores: Stores,
  uid: EnvironmentUid,
  role: Role,
  permissions: readonly PermissionSlug[],
): Promise<void> {
  const ids = await findPermissionIds(stores, uid, permissions);
  await stores.roles.insert(uid, role);
  await stores.roles.addPermissions(uid, role, [...ids.values()]);
}
