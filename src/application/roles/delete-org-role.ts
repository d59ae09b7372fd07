import { type EffectiveRoles, idsOf, ownRole, replacementRole } from "../../domain/effective-roles";
import type { EnvironmentState } from "../../domain/environment";
import { refuse } from "../../domain/errors";
import { Fault } from "../../domain/fault";
import type { OrganizationState } from "../../domain/organization";
import type { Role } from "../../domain/role";
import { resolveGroupRole } from "../../domain/role-resolution";
import { type Slug, parseSlug } from "../../domain/slug";
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

export interface DeletedOrgRole {
  readonly reassignedMembershipCount: number;
  readonly movedGroupRoleCount: number;
  readonly validateOnly: boolean;
}

export async function deleteOrgRole(
  dependencies: Dependencies,
  request: DeleteOrgRole,
  call: Call,
): Promise<DeletedOrgRole> {
  const fields = new Fields();
  const scope = parseOrganizationScope(fields, request);
  const slug = fields.required("slug", request.slug, parseSlug);
  const replacementField = "replacement_role_slug";
  const replacementSlug = fields.optional(replacementField, request.replacementRoleSlug, parseSlug);
  const etag = fields.optional("etag", request.etag, parseEtag);
  const context = parseWriteContext(fields, request.requestId, call);
  const { validateOnly } = request;
  fields.check();

  const { transactions } = dependencies;
  return transactions.previewOrApply(
    scope,
    { validateOnly, context },
    async (stores, { state, effective, organization }) => {
      const { uid } = state.environment;
      const role = ownRole(effective, slug, scope.organizationId);
      await checkRoleEtag(dependencies, stores, state, role, etag);
      const replacement = replacementRole(replacementField, replacementSlug, role, effective.roles);
      if (!organization?.own) throw new Fault("an organization with a custom role has its own configuration");
      const { own } = organization;
      const use = await countUses(stores, state, organization, role);
      if (!replacement) requireUnused(effective, slug, organization, use);
      return {
        answer: { reassignedMembershipCount: use.members, movedGroupRoleCount: use.groups, validateOnly },
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

async function countUses(stores: Stores, state: EnvironmentState, organization: OrganizationState, role: Role) {
  const mapped = [role.id, ...organization.replaced.keys()].filter(
    (id) => resolveGroupRole(state, organization, id) === role.id,
  );
  return {
    members: (await countMembersWithRole(stores, state, role, organization)).all,
    groups: await stores.groupRoles.count(state.environment.uid, organization.uid, mapped),
  };
}

function requireUnused(
  effective: EffectiveRoles,
  slug: Slug,
  organization: OrganizationState,
  { members, groups }: { members: number; groups: number },
): void {
  if (effective.defaultRole.slug === slug)
    throw refuse.replacementDefaultRoleRequired("replacement_role_slug", slug, {
      count: 1,
      organizationIds: [organization.id],
      isEnvironmentDefault: false,
    });
  if (members + groups) throw refuse.roleInUse(slug, members, groups);
}
