import { type EffectiveRoles, idsOf, ownRole, replacementRole } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import type { OrganizationState } from "../../domain/organization";
import type { Role } from "../../domain/role";
import { resolveGroupRole } from "../../domain/role-resolution";
import { parseSlug } from "../../domain/slug";
import { parseEtag } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { countMembersWithRole } from "../memberships/count-members-with-role";
import type { Stores } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, parseWriteContext } from "../request/idempotency";
import { type OrganizationScope, parseOrganizationScope } from "../request/scope";
import { checkRoleEtag } from "./role-etag";

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
 * REPLACEMENT_DEFAULT_ROLE_REQUIRED and ROLE_IN_USE. Locks the organization and the roles of all members.
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
  return dependencies.transactions.previewOrApply(
    scope,
    { validateOnly, context },
    async (stores, { state, effective, organization }) => {
      const { uid } = state.environment;
      const role = ownRole(effective, slug, scope.organizationId);
      await checkRoleEtag(dependencies, stores, state, role, etag);
      const replacement = replacementRole(replacementField, replacementSlug, role, effective.roles);
      if (!organization?.own) throw new Fault("an organization with a custom role has its own configuration");
      const { own } = organization;
      const use = await countUse(stores, state, organization, role);
      if (!replacement) requireUnused(effective, organization, role, use);
      return {
        response: { reassignedMembershipCount: use.members, movedGroupRoleCount: use.groups, validateOnly },
        apply: async () => {
          if (replacement && use.members + use.groups) {
            await stores.roles.replace(uid, scope.organizationId, role.id, replacement.id);
            await stores.environments.requestRewriting(uid);
          } else await stores.roles.remove(uid, scope.organizationId, role.id);
          await stores.organizations.saveOwn(uid, scope.organizationId, {
            defaultRoleId: replacement && own.defaultRoleId === role.id ? replacement.id : own.defaultRoleId,
            order: idsOf(effective.roles).filter((id) => id !== role.id),
          });
        },
      };
    },
  );
}

async function countUse(
  stores: Stores,
  state: EnvironmentState,
  organization: OrganizationState,
  role: Role,
): Promise<RoleUse> {
  const mapped = [role.id, ...organization.replaced.keys()].filter(
    (id) => resolveGroupRole(state, organization, id) === role.id,
  );
  const { all: members } = await countMembersWithRole(stores, state, role, organization);
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
