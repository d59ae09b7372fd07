import { effectiveRole, replacementRole } from "../../domain/effective-roles";
import { type EnvironmentState, liveRole } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { roleChange } from "../../domain/event";
import { limits } from "../../domain/limits";
import type { Role, Tombstone } from "../../domain/role";
import { predecessors } from "../../domain/role-resolution";
import { parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { countMembersWithOnlyRole } from "../memberships/count-members-with-role";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import type { ScopeState } from "../transactions/load-state";
import { viewStoredRole } from "./view-stored-role";

export interface DeleteEnvironmentRole {
  readonly environmentId: string;
  readonly slug: string;
  readonly replacementDefaultRoleSlug?: string | undefined;
  readonly validateOnly: boolean;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface DeleteEnvironmentRoleResult {
  readonly affectedOrganizationCount: number;
  readonly reassignedMembershipCount: number;
  readonly validateOnly: boolean;
}

const replacementField = "replacement_default_role_slug";

/**
 * Deletes an environment role. Throws ROLE_NOT_FOUND, ETAG_MISMATCH, REPLACEMENT_ROLE_INVALID, and
 * REPLACEMENT_DEFAULT_ROLE_REQUIRED where a scope would be left without a default. Counts organizations and members on one
 * consistent state just before the deletion, without locks. Then locks the environment and the roles of all members for a
 * constant time, in which it only looks whether any organization would be left without a default.
 */
export async function deleteEnvironmentRole(
  dependencies: Dependencies,
  request: DeleteEnvironmentRole,
  call: Call,
): Promise<DeleteEnvironmentRoleResult> {
  const fields = new Fields();
  const { environmentId, slug, replacementSlug, etag, context } = fields.check({
    environmentId: parseEnvironmentId(fields, request),
    slug: fields.required("slug", request.slug, parseSlug),
    replacementSlug: fields.optional(replacementField, request.replacementDefaultRoleSlug, parseSlug),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const { validateOnly } = request;
  const { transactions, clock } = dependencies;
  const find = async (stores: Stores, scopeState: ScopeState) => {
    const { effective } = scopeState;
    const role = effectiveRole(effective, slug);
    const before = await viewStoredRole(dependencies, stores, scopeState, role, etag);
    return { role, before, replacement: replacementRole(replacementField, replacementSlug, role, effective.roles) };
  };
  return transactions.countAndApply(
    { environmentId, organizationId: undefined },
    { validateOnly, context },
    {
      count: async (stores, scopeState) => {
        const { state } = scopeState;
        const { role, replacement } = await find(stores, scopeState);
        return {
          affectedOrganizationCount: await countAffectedOrganizations(stores, state, role, replacement),
          reassignedMembershipCount: await countMembersWithOnlyRole(stores, state, role),
        };
      },
      apply: async (stores, changes, scopeState, counts, lockAllMembers) => {
        const { state } = scopeState;
        const { environment } = state;
        const { role, before, replacement } = await find(stores, scopeState);
        await lockAllMembers();
        if (!replacement && (await isAnyDefault(stores, state, role))) return "outdated";
        const tombstone = createTombstone(state, role, replacement);
        await stores.roles.softDelete(environment.uid, role.id, tombstone, clock());
        await stores.environments.requestRewriting(environment.uid);
        await stores.environments.update(environment.uid, {
          defaultRoleId: tombstone.environmentDefaultRoleId,
          order: environment.order.filter((id) => id !== role.id),
        });
        const environmentDefaultRole = liveRole(state, tombstone.environmentDefaultRoleId);
        const deletion = { replacementRole: replacement, environmentDefaultRole, ...counts };
        changes.add({ environment }, roleChange(before, undefined, deletion));
        return "done";
      },
      respond: (counts) => ({ ...counts, validateOnly }),
    },
  );
}

function createTombstone({ environment }: EnvironmentState, role: Role, replacement: Role | undefined): Tombstone {
  const isDefault = environment.defaultRoleId === role.id;
  return {
    deletedRevision: environment.revision,
    replacementRoleId: replacement?.id,
    environmentDefaultRoleId: isDefault && replacement ? replacement.id : environment.defaultRoleId,
  };
}

/**
 * Counts the organizations whose own default the deletion changes. Throws REPLACEMENT_DEFAULT_ROLE_REQUIRED where one of
 * them or the environment would be left without a default.
 */
async function countAffectedOrganizations(
  stores: Stores,
  { environment, roles }: EnvironmentState,
  role: Role,
  replacement: Role | undefined,
): Promise<number> {
  const defaultRoleIds = predecessors(roles, role.id);
  const count = await stores.organizations.countByDefault(environment.uid, defaultRoleIds);
  const isEnvironmentDefault = environment.defaultRoleId === role.id;
  if (replacement || (count === 0 && !isEnvironmentDefault)) return count;
  const { namedOrganizations } = limits;
  const organizationIds = await stores.organizations.listByDefault(environment.uid, defaultRoleIds, namedOrganizations);
  throw refuse.replacementDefaultRoleRequired(replacementField, role.slug, {
    count,
    organizationIds,
    isEnvironmentDefault,
  });
}

/** Returns whether the role is the default of the environment, or of an organization with a configuration of its own. */
async function isAnyDefault(stores: Stores, { environment, roles }: EnvironmentState, role: Role): Promise<boolean> {
  if (environment.defaultRoleId === role.id) return true;
  return (await stores.organizations.listByDefault(environment.uid, predecessors(roles, role.id), 1)).length > 0;
}
