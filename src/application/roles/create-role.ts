import { addCustomRole, environmentRoles, idsOf, viewRole } from "../../domain/effective-roles";
import { refuse } from "../../domain/errors";
import type { EnvironmentUid } from "../../domain/ids";
import type { Role, RoleView } from "../../domain/role";
import { type Slug, generateSlug, parseCustomSlug, parseEnvironmentSlug, parseRestoredSlug } from "../../domain/slug";
import {
  type EnvironmentId,
  type OrganizationId,
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
import { type Scope, parseScope } from "../request/scope";
import { checkPermissionQuota, findPermissionIds } from "./role-permissions";

export interface CreateRole extends Scope {
  readonly slug?: string | undefined;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly requestId?: string | undefined;
}

/** Attempts at a generated slug that nobody has; two in a row that are taken are already a matter of years. */
const generatedSlugAttempts = 8;

export function createRole(dependencies: Dependencies, request: CreateRole, call: Call): Promise<RoleView> {
  return parseAndCreate(dependencies, request, call, parseCustomSlug);
}

/** The same for a role that is known from elsewhere: a custom role may have the slug that was generated for it there. */
export function restoreRole(
  dependencies: Dependencies,
  request: CreateRole & { readonly slug: string },
  call: Call,
): Promise<RoleView> {
  return parseAndCreate(dependencies, request, call, parseRestoredSlug);
}

async function parseAndCreate(
  dependencies: Dependencies,
  request: CreateRole,
  call: Call,
  parseOrganizationSlug: Parse<Slug>,
): Promise<RoleView> {
  const fields = new Fields();
  const { environmentId, organizationId } = parseScope(fields, request);
  const slug =
    request.organizationId !== undefined
      ? fields.optional("slug", request.slug, parseOrganizationSlug)
      : fields.required("slug", request.slug, parseEnvironmentSlug);
  const name = fields.required("name", request.name, parseName);
  const description = fields.required("description", request.description, parseDescription);
  const permissions = fields.set("permissions", request.permissions, parsePermissionSlug);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();
  checkPermissionQuota(dependencies, slug ?? name, permissions.length);

  const time = dependencies.clock();
  const create = async (): Promise<RoleView> => {
    const id = dependencies.ids.role();
    const draft = { id, slug: slug ?? generateSlug(name, id), name, description, createTime: time, updateTime: time };
    return organizationId
      ? createCustomRole(dependencies, environmentId, organizationId, draft, permissions, context)
      : createEnvironmentRole(dependencies, environmentId, draft, permissions, context);
  };
  for (let tries = 1; tries <= generatedSlugAttempts; tries += 1) {
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof KeyTaken)) throw error;
      if (slug) throw refuse.roleSlugTaken(slug);
    }
  }
  throw refuse.conflictRetry();
}

function createEnvironmentRole(
  dependencies: Dependencies,
  environmentId: EnvironmentId,
  draft: Omit<Role, "organizationId" | "createdRevision">,
  permissions: readonly PermissionSlug[],
  context: WriteContext,
): Promise<RoleView> {
  const { transactions, quotas } = dependencies;
  return transactions.updateEnvironment(environmentId, context, async (stores, state) => {
    const { environment, roles } = state;
    const effective = environmentRoles(state);
    if (effective.roles.length >= quotas.environmentRoles)
      throw refuse.roleLimitReached(`environments/${environmentId}`, quotas.environmentRoles);
    const role: Role = { organizationId: "", createdRevision: environment.revision, ...draft };
    const order = [...idsOf(effective.roles), role.id];
    await insertRole(stores, environment.uid, role, permissions);
    await stores.environments.update(environment.uid, { order });
    const after = { ...state, environment: { ...environment, order }, roles: new Map(roles).set(role.id, role) };
    return viewRole(dependencies.digest, environmentRoles(after), role, permissions.toSorted());
  });
}

function createCustomRole(
  dependencies: Dependencies,
  environmentId: EnvironmentId,
  organizationId: OrganizationId,
  draft: Omit<Role, "organizationId" | "createdRevision">,
  permissions: readonly PermissionSlug[],
  context: WriteContext,
): Promise<RoleView> {
  const { transactions, quotas } = dependencies;
  return transactions.upsertMaterializedOrganization(
    environmentId,
    organizationId,
    context,
    async (stores, state, organization) => {
      const { customRoles } = organization;
      if (customRoles.length >= quotas.customRoles)
        throw refuse.roleLimitReached(`organizations/${organizationId}`, quotas.customRoles);
      const role: Role = { organizationId, createdRevision: organization.revision, ...draft };
      const { own, effective } = addCustomRole(role, state, organization);
      await insertRole(stores, state.environment.uid, role, permissions);
      await stores.organizations.saveOwn(state.environment.uid, organizationId, own);
      return viewRole(dependencies.digest, effective, role, permissions.toSorted());
    },
  );
}

async function insertRole(stores: Stores, uid: EnvironmentUid, role: Role, slugs: readonly PermissionSlug[]) {
  const ids = await findPermissionIds(stores, uid, slugs);
  await stores.roles.insert(uid, role);
  await stores.roles.addPermissions(uid, role, [...ids.values()]);
}
