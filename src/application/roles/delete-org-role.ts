import { type EffectiveRoles, idsOf, ownRole, replacementRole } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { roleChange } from "../../domain/event";
import { Fault } from "../../domain/fault";
import type { OrganizationState } from "../../domain/organization";
import type { Role } from "../../domain/role";
import { resolveGroupRole } from "../../domain/role-resolution";
import { parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { countMembersWithRole } from "../memberships/count-members-with-role";
import type { RoleId } from "../../domain/ids";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { refuseGiving } from "../transactions/escalation-guard";
import type { ScopeState } from "../transactions/load-state";
import { viewStoredRole } from "./view-stored-role";

export interface DeleteOrgRole extends OrganizationScope {
  readonly slug: string;
  readonly replacementRoleSlug?: string | undefined;
  readonly validateOnly: boolean;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface DeleteOrgRoleResult {
  readonly reassignedMembershipCount: number;
  readonly movedGroupRoleCount: number;
  readonly validateOnly: boolean;
}

/** How many members and groups a role has. */
interface RoleUse {
  readonly members: number;
  readonly groups: number;
}

const replacementField = "replacement_role_slug";

/**
 * Deletes a custom role, whose members and groups get the replacement. Throws ROLE_NOT_FOUND,
 * ROLE_BELONGS_TO_ENVIRONMENT, ETAG_MISMATCH, REPLACEMENT_ROLE_INVALID, and without a replacement
 * REPLACEMENT_DEFAULT_ROLE_REQUIRED and ROLE_IN_USE. Counts members and groups on one consistent state just before the
 * deletion, without locks. Then locks the organization and the roles of all members, and deletes if nothing of the
 * organization has changed meanwhile, so that the counts are exact.
 */
export async function deleteOrgRole(
  dependencies: Dependencies,
  request: DeleteOrgRole,
  call: Call,
): Promise<DeleteOrgRoleResult> {
  const fields = new Fields();
  const { scope, slug, replacementSlug, etag, context } = fields.check({
    scope: parseOrganizationScope(fields, request),
    slug: fields.required("slug", request.slug, parseSlug),
    replacementSlug: fields.optional(replacementField, request.replacementRoleSlug, parseSlug),
    etag: fields.optional("etag", request.etag, parseEtag),
    context: parseWriteContext(fields, request, call),
  });

  const { validateOnly } = request;
  const find = async (stores: Stores, scopeState: ScopeState) => {
    const { effective, organization } = scopeState;
    const role = ownRole(effective, slug, scope.organizationId);
    const before = await viewStoredRole(dependencies, stores, scopeState, role, etag);
    const replacement = replacementRole(replacementField, replacementSlug, role, effective.roles);
    if (!organization?.own) throw new Fault("an organization with a custom role has its own configuration");
    return { role, before, replacement, organization, own: organization.own };
  };
  return dependencies.transactions.countAndApply(
    scope,
    { validateOnly, context },
    {
      count: async (stores, scopeState) => {
        const { role, replacement, organization } = await find(stores, scopeState);
        if (replacement) await refuseGiving(stores, context, scopeState.state, organization, replacement.id);
        const use = await countUse(stores, scopeState.state, organization, role);
        if (!replacement) requireUnused(scopeState.effective, organization, role, use);
        return { ...use, revision: organization.revision, environmentRevision: scopeState.state.environment.revision };
      },
      apply: async (stores, changes, scopeState, counts) => {
        const { state, effective } = scopeState;
        const { environment } = state;
        const { uid } = environment;
        const { role, before, replacement, organization, own } = await find(stores, scopeState);
        if (!isSameState(counts, state, organization)) return "outdated";
        const newDefault = own.defaultRoleId === role.id ? replacement : undefined;
        const isUsed = counts.members + counts.groups > 0;
        if (replacement && isUsed) {
          await stores.roles.replace(uid, scope.organizationId, role.id, replacement.id);
          await stores.environments.requestRewriting(uid);
        } else await stores.roles.remove(uid, scope.organizationId, role.id);
        await stores.organizations.saveOwn(uid, scope.organizationId, {
          defaultRoleId: newDefault?.id ?? own.defaultRoleId,
          order: idsOf(effective.roles).filter((id) => id !== role.id),
        });
        const deletion = {
          replacementRole: replacement,
          affectedOrganizationCount: newDefault ? 1 : 0,
          reassignedMembershipCount: counts.members,
          movedGroupRoleCount: counts.groups,
        };
        changes.add({ environment, organization }, roleChange(before, undefined, deletion));
        return "done";
      },
      respond: ({ members, groups }) => ({
        reassignedMembershipCount: members,
        movedGroupRoleCount: groups,
        validateOnly,
      }),
    },
  );
}

/** Returns the role and the deleted roles that lead to it: a group mapped to one of these has the role. */
const mappedRoles = (state: EnvironmentState, organization: OrganizationState, role: Role): RoleId[] =>
  [role.id, ...organization.replaced.keys()].filter((id) => resolveGroupRole(state, organization, id) === role.id);

/** Returns whether nothing was written since the count but the lock of the organization, if that was taken since. */
function isSameState(
  { revision, environmentRevision }: { readonly revision: number; readonly environmentRevision: number },
  { environment }: EnvironmentState,
  organization: OrganizationState,
): boolean {
  const written = organization.revision - revision;
  return environment.revision === environmentRevision && (written === 0 || written === 1);
}

async function countUse(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
  role: Role,
): Promise<RoleUse> {
  const mapped = mappedRoles(state, organization, role);
  const members = await countMembersWithRole(stores, state, role, organization);
  return { members, groups: await stores.groupRoles.count(state.environment.uid, organization.uid, mapped) };
}

/** Throws REPLACEMENT_DEFAULT_ROLE_REQUIRED for the default role, and ROLE_IN_USE for a role with members or groups. */
function requireUnused(
  effective: EffectiveRoles,
  organization: OrganizationState,
  { id, slug }: Role,
  { members, groups }: RoleUse,
): void {
  if (effective.defaultRole.id === id)
    throw refuse.replacementDefaultRoleRequired(replacementField, slug, {
      count: 1,
      organizationIds: [organization.id],
      isEnvironmentDefault: false,
    });
  if (members + groups) throw refuse.roleInUse(slug, members, groups);
}
